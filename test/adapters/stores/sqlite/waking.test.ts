import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { claim, idsOf, newJobs } from "../../../../src/testing/store-conformance/jobs.js";
import { compiled } from "../../../processes/children.js";
import { Neighbour } from "./neighbour.js";
import { openDatabase, openStore, scratchPath } from "./scratch.js";

describe("a listener of a SQLite store", () => {
  it.each([
    ["with a write-ahead log of its own", (path: string) => path],
    ["lent, with a rollback journal", (path: string) => openDatabase(path)],
  ])("hears of jobs that another process starts in a file %s", async (_what, target) => {
    const path = scratchPath();
    const store = openStore(target(path));
    const neighbour = await Neighbour.start();
    for (let round = 0; round < 3; round += 1) {
      const ids = idsOf(newJobs(2));
      const claimed = new Promise<readonly string[]>((resolve, reject) => {
        const end = store.onWork(() => {
          claim(store).then((response) => {
            if (response.claimed.length === 0) return;
            end();
            resolve(idsOf(response.claimed));
          }, reject);
        });
      });
      await neighbour.order({ type: "insert", path, ids });
      expect(await claimed).toEqual(ids);
    }
  });

  it("hears of jobs in a file that another process makes only afterwards", async () => {
    const path = scratchPath();
    const database = openDatabase(path);
    const store = openStore(database);
    const hinted = new Promise<void>((resolve) => void store.onWork(resolve));
    const neighbour = await Neighbour.start();
    await neighbour.order({ type: "insert", path, ids: ["first"] });
    await hinted;
    expect(idsOf((await claim(store)).claimed)).toEqual(["first"]);
  });

  it("does not keep its process alive", async () => {
    const listener = compiled.path("adapters/stores/sqlite/listener.child");
    const { stdout } = await promisify(execFile)(process.execPath, [listener, scratchPath()]);
    expect(stdout).toBe("listening\n");
  });
});
