import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderResults } from "../../../adapters/results/folder.js";
import { memoryStore } from "../../../adapters/stores/memory/index.js";
import {
  createAsyncJobs,
  InvalidOptionError,
  type ResultStore,
  ResultStoreError,
} from "../../../src/index.js";
import { compiled } from "../../processes/children.js";

const KEY = "57b5aa3b046abfb053d80b52.1";
const NEXT_KEY = "57b5aa3b046abfb053d80b52.2";

let parent: string;
let folder: string;
let results: ResultStore;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "async-jobs-"));
  folder = join(parent, "app", "results");
  results = folderResults(folder);
});

afterEach(() => rm(parent, { recursive: true, force: true }));

async function writeFinished(key: string, content: string): Promise<void> {
  const writer = await results.create(key);
  await writer.write(content);
  await writer.finish();
}

async function keys(): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const batch of results.keys()) keys.push(...batch);
  return keys.sort();
}

async function read(key: string): Promise<string | undefined> {
  const stream = await results.open(key);
  return stream && text(stream);
}

describe("a result folder", () => {
  it("is made with the first file, with its parents, and is closed to other users", async () => {
    expect(await readdir(parent)).toEqual([]);
    expect(await read(KEY)).toBeUndefined();
    expect(await keys()).toEqual([]);
    await results.remove([KEY]);
    expect(await readdir(parent)).toEqual([]);
    await writeFinished(KEY, "whole");
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, KEY))).mode & 0o777).toBe(0o600);
  });

  it("is made anew when it was removed", async () => {
    await writeFinished(KEY, "whole");
    await rm(folder, { recursive: true });
    await writeFinished(NEXT_KEY, "whole again");
    expect(await read(KEY)).toBeUndefined();
    expect(await read(NEXT_KEY)).toBe("whole again");
  });

  it("holds a finished file under its key, and nothing else of it", async () => {
    await writeFinished(KEY, "whole");
    const writer = await results.create(NEXT_KEY);
    await writer.write("half");
    await writer.flush();
    await writer.abort(false);
    expect(await readdir(folder)).toEqual([KEY]);
    expect(await readFile(join(folder, KEY), "utf8")).toBe("whole");
  });

  it("gathers small chunks, and keeps none of them back when they are to be safe", async () => {
    const writer = await results.create(KEY);
    for (let row = 0; row < 100; row += 1) await writer.write("ann@example.com\r\n");
    const [unfinished = ""] = await readdir(folder);
    expect((await stat(join(folder, unfinished))).size).toBe(0);
    await writer.flush();
    expect((await stat(join(folder, unfinished))).size).toBe(1700);
    await writer.abort(false);
  });

  it("leaves the files of others alone, and lists none of them", async () => {
    await writeFinished(KEY, "whole");
    const foreign = ["notes.txt", ".DS_Store", "X.1", "x.1.tmp", "x.part", "+.1", "x.1.part.part", "x"];
    for (const name of foreign) await writeFile(join(folder, name), "foreign");
    await mkdir(join(folder, "x.1"));
    await mkdir(join(folder, "x.2.part"));
    expect(await keys()).toEqual([KEY]);
    await results.remove(await keys());
    expect((await readdir(folder)).sort()).toEqual([...foreign, "x.1", "x.2.part"].sort());
  });

  it("lists very many files in batches", async () => {
    await writeFinished(KEY, "whole");
    const names = Array.from({ length: 1200 }, (_, index) => `job-${index}.${index + 1}`);
    for (const [index, name] of names.entries()) {
      await writeFile(join(folder, index % 2 === 0 ? name : `${name}.part`), "");
    }
    const batches: number[] = [];
    for await (const batch of results.keys()) batches.push(batch.length);
    expect(batches).toEqual([500, 500, 201]);
    expect(await keys()).toEqual([...names, KEY].sort());
  });

  it("lets a download that has begun run to its end when the file is removed", async () => {
    const content = "0123456789".repeat(200_000);
    await writeFinished(KEY, content);
    const stream = await results.open(KEY);
    await results.remove([KEY]);
    expect(await readdir(folder)).toEqual([]);
    expect(stream && (await text(stream))).toBe(content);
  });

  it("does not bring back a file that was removed while it was written", async () => {
    const writer = await results.create(KEY);
    await writer.write("too late");
    await results.remove([KEY]);
    await expect(writer.finish()).rejects.toThrow(ResultStoreError);
    expect(await readdir(folder)).toEqual([]);
  });

  it("never overwrites a file that is being written", async () => {
    const writer = await results.create(KEY);
    await writer.write("first");
    await expect(results.create(KEY)).rejects.toThrow(ResultStoreError);
    await writer.finish();
    expect(await read(KEY)).toBe("first");
  });
});

describe("after a crash, a result folder", () => {
  async function crash(): Promise<{ key: string; bytes: number }> {
    const child = spawn(
      process.execPath,
      [compiled.path("adapters/results/crashing-writer.child"), folder, KEY],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const [line] = await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "close");
    return JSON.parse(String(line));
  }

  it("lets the next attempt go on from what was safe", async () => {
    const safe = await crash();
    expect(safe).toEqual({ key: KEY, bytes: 7 });
    expect(await read(KEY)).toBeUndefined();
    expect(await results.canResume(safe)).toBe(true);
    const writer = await results.create(NEXT_KEY, safe);
    await writer.write("ann@example.com\r\n");
    await writer.finish();
    expect(await read(NEXT_KEY)).toBe("email\r\nann@example.com\r\n");
  });

  it("has what the crash left removed by the pruner", async () => {
    await crash();
    expect(await keys()).toEqual([KEY]);
    const jobs = createAsyncJobs({
      store: memoryStore(),
      results,
      publicUrl: "https://app.example.com",
      kinds: [],
    });
    expect(await jobs.prune()).toEqual({ jobs: 0, files: 1 });
    await jobs.close();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("a result folder that cannot be used", () => {
  it.each([[""], ["  "], ["a\0b"], [undefined], [7]])("is refused when it is made of %j", (path) => {
    expect(() => folderResults(path as string)).toThrow(InvalidOptionError);
  });

  it.each([
    ["is a file", (file: string) => file],
    ["lies in a file", (file: string) => join(file, "results")],
  ])("says what to do when it %s", async (_, pathOf) => {
    const file = join(parent, "file");
    await writeFile(file, "");
    const path = pathOf(file);
    const broken = folderResults(path);
    const error = {
      code: "RESULT_STORE",
      message: `The result folder ${JSON.stringify(path)} failed. A part of the path is a file. Move that file away, or give another folder.`,
      cause: expect.objectContaining({ code: "ENOTDIR" }),
    };
    await expect(broken.create(KEY)).rejects.toMatchObject(error);
    await expect(broken.open(KEY)).rejects.toMatchObject(error);
    await expect(broken.canResume({ key: KEY, bytes: 0 })).rejects.toMatchObject(error);
    await expect(broken.remove([KEY])).rejects.toMatchObject(error);
    await expect(broken.keys()[Symbol.asyncIterator]().next()).rejects.toMatchObject(error);
    await rm(file);
    const writer = await broken.create(KEY);
    await writer.finish();
    expect(await readdir(path)).toEqual([KEY]);
  });

  it("says what to do when it cannot be made", async () => {
    const target = join(parent, "not-mounted");
    await symlink(target, join(parent, "link"));
    const path = join(parent, "link", "results");
    const unreachable = folderResults(path);
    await expect(unreachable.create(KEY)).rejects.toMatchObject({
      code: "RESULT_STORE",
      message: `The result folder ${JSON.stringify(path)} failed. It cannot be made, or a file was removed from it by another program. Check the path.`,
      cause: expect.objectContaining({ code: "ENOENT" }),
    });
    await mkdir(target);
    await (await unreachable.create(KEY)).finish();
    expect(await readdir(join(target, "results"))).toEqual([KEY]);
  });

  it("gives up a file that has no room, frees its space, and goes on with others", async () => {
    const large = await results.create("large.1");
    await large.write(Buffer.alloc(16 * 1024 * 1024));
    const { bytes } = await large.flush();
    await large.abort(true);
    const limited = ["-c", 'ulimit -f 4096 && exec "$@"', "sh", process.execPath];
    const { stdout } = await promisify(execFile)("sh", [
      ...limited,
      compiled.path("adapters/results/confined-writer.child"),
      folder,
      "large.1",
      String(bytes),
    ]);
    const failure = {
      message: `The result folder ${JSON.stringify(folder)} failed. The file has grown larger than allowed. Raise this process's limit (ulimit -f) or the file system's.`,
      cause: "EFBIG",
    };
    expect(JSON.parse(stdout)).toEqual({
      failed: failure,
      failedAgain: failure,
      filesAfterFailure: ["large.1.part"],
      canResume: true,
      copyFailed: failure,
      files: ["large.1.part", "next.1", "saved.1.part"],
    });
  });
});
