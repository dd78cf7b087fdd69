/** Run as a process of its own, which may write files of a few megabytes: says what it saw when it wrote more. */
import { readdir } from "node:fs/promises";
import { folderResults } from "../../../adapters/results/folder.js";
import { ResultStoreError, type ResultWriter } from "../../../src/index.js";

const [, , folder = "", largeKey = "", largeBytes = ""] = process.argv;
const MEGABYTE = Buffer.alloc(1024 * 1024, "x");
const results = folderResults(folder);

async function writeTooMuch(writer: ResultWriter): Promise<unknown> {
  for (let written = 0; written < 16; written += 1) await writer.write(MEGABYTE);
  return writer.finish();
}

async function failureOf(call: Promise<unknown>) {
  try {
    return { resolved: await call };
  } catch (error) {
    if (!(error instanceof ResultStoreError)) throw error;
    const cause = error.cause instanceof Error && "code" in error.cause ? error.cause.code : undefined;
    return { message: error.message, cause };
  }
}

const unsaved = await results.create("unsaved.1");
const failed = await failureOf(writeTooMuch(unsaved));
const failedAgain = await failureOf(unsaved.finish());
const filesAfterFailure = await readdir(folder);

const saved = await results.create("saved.1");
await saved.write("email\r\n");
const checkpoint = await saved.flush();
await failureOf(writeTooMuch(saved));
await saved.abort(true);
const canResume = await results.canResume(checkpoint);

const copyFailed = await failureOf(results.create("copied.2", { key: largeKey, bytes: Number(largeBytes) }));

const next = await results.create("next.1");
await next.write("work goes on");
await next.finish();

const files = (await readdir(folder)).sort();
console.log(JSON.stringify({ failed, failedAgain, filesAfterFailure, canResume, copyFailed, files }));
