import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, expectTypeOf, it, onTestFinished } from "vitest";
import type { Client, DoneJob, FailedJob, FinishedJob, Job } from "../../src/client/index.js";
import type { JobResource } from "../../src/index.js";
import { run } from "../commands.js";
import { root } from "../modules.js";
import type { ClientKinds } from "./stage.js";

it("knows the server's kinds by their types", () => {
  type Names = "greet" | "refused" | "slow" | "nothing" | "table" | "picture" | "empty";
  type KindClient = Client<ClientKinds>;
  expectTypeOf<Awaited<ReturnType<KindClient["get"]>>["kind"]>().toEqualTypeOf<Names>();
  expectTypeOf<ReturnType<KindClient["wait"]>>().resolves.toEqualTypeOf<FinishedJob<Names>>();
  const narrow = (client: KindClient) => client.start("/start/table", { kind: "table" });
  expectTypeOf<ReturnType<typeof narrow>>().resolves.toEqualTypeOf<Job<"table">>();
  // @ts-expect-error there is no such kind
  const wrong = (client: KindClient) => client.list({ kind: "unheard-of" });
  expectTypeOf(wrong).toBeFunction();
});

it("shows a job as the server documents it", () => {
  expectTypeOf<Job>().toExtend<JobResource>();
  expectTypeOf<keyof DoneJob | keyof FailedJob>().toEqualTypeOf<keyof JobResource>();
});

it("compiles with the types of a browser, and none of Node's", async () => {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-browser-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: { lib: ["ES2023", "DOM"], types: [], module: "ESNext", moduleResolution: "bundler" },
    include: [join(root, "src/client")],
    exclude: [],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { code, stdout } = await run(process.execPath, [tsc, "--pretty", "false", "-p", folder], folder);
  expect({ code, errors: stdout }).toEqual({ code: 0, errors: "" });
});
