import { describe, expect, it } from "vitest";
import { auditOf } from "./audit.js";
import { useSharedFolder } from "./shared-folder.js";

describe("a job that kills its process", () => {
  const sharedFolder = useSharedFolder();

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
    expect(auditOf(file).outcomes).toEqual(new Map([[id, 1]]));
  });
});
