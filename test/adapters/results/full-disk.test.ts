import { execFile, execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { compiled } from "../../processes/children.js";
import { wherePossible } from "../../where-possible.js";

/** Runs a command in a world of its own, in which a file system of so many bytes is mounted at a folder. */
const ON_SMALL_DISK = ["-rm", "sh", "-c", 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'];

it("a result for which the disk has no room fails or waits, unseen, and is made when there is room", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-"));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const disk = join(folder, "disk");
  await mkdir(disk);
  wherePossible(context, () => execFileSync("unshare", [...ON_SMALL_DISK, disk, "true"], { stdio: "pipe" }));
  const command = [process.execPath, compiled.path("adapters/results/full-disk.child"), disk, folder];
  const { stdout } = await promisify(execFile)("unshare", [...ON_SMALL_DISK, disk, ...command]);
  const { ids, ...seen } = JSON.parse(stdout);
  const [, patient] = ids;
  const noRoom = expect.stringContaining("The disk is full. Free some space; work then goes on by itself.");

  expect(seen).toEqual({
    full: {
      once: {
        status: 200,
        body: {
          data: expect.objectContaining({
            status: "failed",
            error: expect.stringMatching(
              /^The job could not be completed\. Please contact support with the reference [0-9a-f]{12}\.$/,
            ),
          }),
        },
        ...{ detail: noRoom, state: "finished", file: 404 },
      },
      patient: {
        status: 200,
        body: { data: expect.objectContaining({ status: "pending" }) },
        ...{ detail: noRoom, state: "delayed", file: 404 },
      },
    },
    // What its checkpoint saved, for the attempt to come.
    filesWhenFull: [`${patient}.1.part`],
    free: {
      status: 200,
      body: { data: expect.objectContaining({ status: "done" }) },
      ...{ detail: noRoom, state: "finished", file: 200 },
    },
    isWhole: true,
    files: [`${patient}.2`],
    attempts: ["once from 0", "patient from 0", "patient from 101"],
  });
});
