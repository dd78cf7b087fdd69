/**
 * Preloaded into a child. Gives a name and a number to the moment before and the moment after every write, of the
 * database and of result files, and ends the process by SIGKILL at the point that CRASH_AT names: `after commit #3`.
 * Without that it only counts. The code under test is the real one.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename } from "node:path";
import Database from "better-sqlite3";
import pg from "pg";
import { tell } from "../processes/tell.js";

export type CrashMessage =
  | { readonly type: "crashed"; readonly point: string }
  /** At its end: what each point stands for, in order. */
  | { readonly type: "points"; readonly points: readonly string[] };

type Callable = (this: unknown, ...values: unknown[]) => unknown;

const crashAt = process.env["CRASH_AT"];
const folder = process.env["CRASH_FOLDER"] ?? "";
const points: string[] = [];
const counts = new Map<string, number>();

/** @param atCrash done right before the process ends here */
function point(what: string, atCrash = (): void => {}): void {
  const count = (counts.get(what) ?? 0) + 1;
  counts.set(what, count);
  const name = `${what} #${count}`;
  points.push(name);
  if (name !== crashAt) return;
  atCrash();
  tell({ type: "crashed", point: name } as CrashMessage);
  process.kill(process.pid, "SIGKILL");
}

process.on("exit", () => tell({ type: "points", points } as CrashMessage));

/** Puts points around a function; `describe` gives undefined for a call that writes nothing of ours. */
function surround(
  owner: object,
  name: string,
  describe: (self: unknown, values: readonly unknown[]) => string | undefined,
): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== "function")
    throw new TypeError(`There is no function ${name} to put points around.`);
  const surrounded: Callable = function (...values) {
    const what = describe(this, values);
    if (what === undefined) return Reflect.apply(original, this, values);
    point(`before ${what}`);
    const result: unknown = Reflect.apply(original, this, values);
    if (result instanceof Promise) return result.finally(() => point(`after ${what}`));
    point(`after ${what}`);
    return result;
  };
  Reflect.set(owner, name, surrounded);
}

const probe = new Database(":memory:");
const statement = Object.getPrototypeOf(probe.prepare("select 1"));
probe.close();
for (const method of ["run", "get", "all"]) {
  surround(statement, method, (self) => {
    const { source, readonly } = self as Database.Statement;
    if (readonly && !/^(begin|commit|rollback)/i.test(source)) return undefined;
    return source.replaceAll('"', "").slice(0, 70);
  });
}
surround(Database.prototype, "exec", (_self, [sql]) => String(sql).trim().slice(0, 70));

surround(pg.Client.prototype, "query", (_self, [query]) => {
  const text = typeof query === "string" ? query : String(Reflect.get(Object(query), "text"));
  // Some statements do several things at once: to start jobs is the first of them.
  const write =
    /insert into "\w+"\."jobs"/.exec(text) ?? /(?:insert into|update|delete from) "\w+"\."\w+"/.exec(text);
  return (/^(begin|commit|rollback|create)/.exec(text) ?? write)?.[0].replaceAll(/"\w+"\.|"/g, "");
});

/** The paths of open files: a handle does not tell its own. */
const paths = new WeakMap<object, string>();

/** A file's name without what differs from run to run. */
function nameOf(path: unknown): string | undefined {
  if (typeof path !== "string" || !path.startsWith(folder)) return undefined;
  return path === folder ? "folder" : basename(path).replace(/^[0-9a-f]{24}/, "ID");
}

const { promises } = fs;
const { open } = promises;
promises.open = async (path, ...how) => {
  const handle = await open(path, ...how);
  paths.set(handle, String(path));
  return handle;
};
surround(promises, "open", (_self, [path, flags = "r"]) => {
  const name = nameOf(path);
  return name === undefined || flags === "r" ? undefined : `open ${name}`;
});
for (const call of [
  "rename",
  "unlink",
  "rm",
  "copyFile",
  "mkdir",
  "truncate",
  "writeFile",
  "appendFile",
  "link",
]) {
  surround(promises, call, (_self, [path]) => {
    const name = nameOf(path);
    return name === undefined ? undefined : `${call} ${name}`;
  });
}

const probed = await promises.open(import.meta.filename, "r");
const handles = Object.getPrototypeOf(probed);
await probed.close();
for (const call of ["write", "writev", "writeFile", "appendFile", "truncate", "sync", "datasync"]) {
  surround(handles, call, (self) => {
    const name = nameOf(paths.get(self as object));
    return name === undefined ? undefined : `${call} ${name}`;
  });
}

/** A write may also stop halfway. */
const { appendFile } = handles;
handles.appendFile = function (this: fs.promises.FileHandle, bytes: Uint8Array) {
  const name = nameOf(paths.get(this));
  if (name !== undefined) {
    point(`halfway through appendFile ${name}`, () => {
      fs.writeSync(this.fd, bytes.subarray(0, bytes.length / 2));
    });
  }
  return Reflect.apply(appendFile, this, [bytes]);
};
syncBuiltinESMExports();
