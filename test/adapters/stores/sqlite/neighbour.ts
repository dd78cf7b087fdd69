import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { compiled } from "../../../processes/children.js";
import { afterTest } from "./scratch.js";

/** What another program is told to do. */
export type Order =
  | { readonly type: "lock"; readonly path: string; readonly mode: "immediate" | "exclusive" }
  | { readonly type: "release" }
  | { readonly type: "insert"; readonly path: string; readonly ids: readonly string[] };

/** Another process. It is ended after the test. */
export class Neighbour {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<Neighbour> {
    const child = fork(compiled.path("adapters/stores/sqlite/neighbour.child"), { execArgv: [] });
    afterTest(async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    });
    await once(child, "message");
    return new Neighbour(child);
  }

  /** Resolves when it is done. */
  async order(order: Order): Promise<void> {
    const answered = once(this.#child, "message");
    this.#child.send(order);
    const [answer] = await answered;
    if (answer !== "done") throw new Error(`The neighbour answered: ${answer}`);
  }
}
