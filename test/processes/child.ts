import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface Message {
  readonly type: string;
}

/** When it was told, in milliseconds by a clock that all processes share. */
export interface At {
  readonly at: number;
}

/** A process that a test started, as its parent sees it. */
export interface Child<Told extends Message> {
  readonly pid: number;
  /** All that it has told so far, in order. */
  readonly told: readonly (Told & At)[];
  /**
   * The first message of that type that matches, told already or still to come.
   *
   * @throws Error when the child ends without it
   */
  hears<Type extends Told["type"]>(
    type: Type,
    matches?: (message: Extract<Told, { readonly type: Type }>) => boolean,
  ): Promise<Extract<Told, { readonly type: Type }> & At>;
  /** Sends it one line. */
  say(line: string): void;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended and all that it told is read. */
  readonly ended: Promise<End>;
}

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  /** Node's own arguments. */
  readonly nodeArguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs another, with its arguments: `ip netns exec host`. */
  readonly within?: readonly string[];
}

/** Starts a compiled script; it finds the settings by `settingsOf`. */
export function startChild<Told extends Message>(
  script: string,
  settings: unknown,
  { nodeArguments = [], env = {}, within = [] }: ChildOptions = {},
): Child<Told> {
  const own = [process.execPath, ...nodeArguments, script, JSON.stringify(settings)] as const;
  const [command = process.execPath, ...args] = [...within, ...own];
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const told: (Told & At)[] = [];
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of [...listeners]) listener();
  };
  let hasEnded = false;
  createInterface(child.stdout).on("line", (line) => {
    told.push(JSON.parse(line));
    changed();
  });
  // A child that was killed reads no more.
  child.stdin.on("error", () => {});
  const ended = new Promise<End>((resolve) => {
    child.once("close", (code, signal) => {
      hasEnded = true;
      changed();
      resolve({ code, signal });
    });
  });

  return {
    pid: child.pid ?? 0,
    told,
    ended,
    hears(type, matches = () => true) {
      type Wanted = Extract<Told, { readonly type: typeof type }> & At;
      const isWanted = (message: Told & At): message is Wanted =>
        message.type === type && matches(message as Wanted);
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const found = told.find(isWanted);
          if (found === undefined && !hasEnded) return;
          listeners.delete(look);
          if (found !== undefined) resolve(found);
          else
            reject(new Error(`The child ended without telling "${type}". It told ${JSON.stringify(told)}.`));
        };
        listeners.add(look);
        look();
      });
    },
    say: (line) => void child.stdin.write(`${line}\n`),
    kill: (signal) => void child.kill(signal),
  };
}
