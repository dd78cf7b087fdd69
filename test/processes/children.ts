import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, inject } from "vitest";
import { type Child, type ChildOptions, type Message, startChild } from "./child.js";
import { compiledIn } from "./compiled.js";

export interface Children {
  /** Starts a script of this name in `test`, without its ending: `processes/worker.child`. */
  start<Told extends Message>(script: string, settings: unknown, options?: ChildOptions): Child<Told>;
  /** A new folder. */
  folder(): Promise<string>;
}

/** What the tests start, compiled before the first of them. */
export const compiled = compiledIn(inject("compiledChildren"));

/** Children for the tests of one file. After each test those that still live are killed, and its folders removed. */
export function useChildren(): Children {
  const living: Child<Message>[] = [];
  const folders: string[] = [];

  afterEach(async () => {
    for (const child of living) child.kill("SIGKILL");
    await Promise.all(living.splice(0).map(({ ended }) => ended));
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  return {
    start<Told extends Message>(script: string, settings: unknown, options?: ChildOptions) {
      const child = startChild<Told>(compiled.path(script), settings, options);
      living.push(child);
      return child;
    },
    async folder() {
      const folder = await mkdtemp(join(tmpdir(), "async-jobs-processes-"));
      folders.push(folder);
      return folder;
    },
  };
}
