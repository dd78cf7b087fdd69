import { describe, expect, it } from "vitest";
import { auditOf } from "./audit.js";
import type { Child } from "./child.js";
import { DATABASES, useSharedFolder } from "./shared-folder.js";
import type { WorkerMessage } from "./worker.child.js";

/** Those of the jobs that end in a worker, before it dies or all have. */
async function endedIn(worker: Child<WorkerMessage>, ids: Iterable<string>): Promise<readonly string[]> {
  const ends = [...ids].map(async (id) => {
    const isOf = (message: { readonly id: string }) => message.id === id;
    await Promise.any([worker.hears("done", isOf), worker.hears("failed", isOf)]);
    return id;
  });
  return (await Promise.allSettled(ends)).flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
}

describe.each(DATABASES)("a job that kills its process, on %s", (database) => {
  const sharedFolder = useSharedFolder(database);

  it("is failed with a neutral sentence after three deaths, which are no attempts", async () => {
    const { file, jobs, mine, startWorker } = await sharedFolder();
    const { id } = await mine.create("killer", null);
    const ends: unknown[] = [];
    for (;;) {
      const worker = startWorker({ lease: 200 });
      const isFailed = await worker.hears("failed").then(
        () => true,
        () => false,
      );
      if (isFailed) break;
      ends.push((await worker.ended).signal);
    }

    expect(ends).toEqual(["SIGKILL", "SIGKILL", "SIGKILL"]);
    expect(await mine.get(id)).toMatchObject({
      status: "failed",
      error: expect.stringMatching(
        /^The job could not be completed\. Please contact support with the reference [0-9a-f]{12}\.$/,
      ),
    });
    expect(await jobs.explain(id)).toMatchObject({ failures: 0, deaths: 3 });
    expect((await auditOf(file)).outcomes).toEqual(new Map([[id, 1]]));
  });

  it("takes no innocent job with it, however many it meets", async () => {
    const { file, jobs, mine, startWorker } = await sharedFolder();
    const innocent: string[] = [];
    const killers: string[] = [];
    for (let number = 0; number < 4; number += 1) {
      innocent.push((await mine.create("sentence", `${number}`)).id);
      if (number % 2 === 0) killers.push((await mine.create("killer", null)).id);
    }
    const left = new Set([...innocent, ...killers]);
    let deaths = 0;
    while (left.size > 0) {
      const worker = startWorker({ lease: 200 });
      for (const id of await endedIn(worker, left)) left.delete(id);
      if (left.size > 0) deaths += 1;
    }

    const statuses = async (ids: readonly string[]) =>
      Promise.all(ids.map(async (id) => (await mine.get(id)).status));
    expect(await statuses(innocent)).toEqual(innocent.map(() => "done"));
    expect(await statuses(killers)).toEqual(killers.map(() => "failed"));
    for (const id of killers) expect(await jobs.explain(id)).toMatchObject({ deaths: 3 });
    // Twice all die together; then each killer dies alone.
    expect(deaths).toBe(2 + killers.length);
    expect([...(await auditOf(file)).outcomes.values()]).toEqual([...innocent, ...killers].map(() => 1));
  });
});
