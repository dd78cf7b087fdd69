import { writeSync } from "node:fs";

const STDOUT = 1;

/**
 * What a child tells its parent: one line of JSON, written before the next step, so that no crash swallows it,
 * with the moment, by {@link moment}.
 */
export function tell(message: { readonly type: string }): void {
  writeSync(STDOUT, `${JSON.stringify({ ...message, at: moment() })}\n`);
}

/** Milliseconds by a clock that all processes of the machine share, and that nobody sets back. */
export function moment(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What the parent gave the child to begin with. */
export function settingsOf<Settings>(): Settings {
  return JSON.parse(process.argv[2] ?? "{}");
}

/** Calls the listener with every line that the parent says, and ends the process when the parent ends. */
export function onSaid(listener: (line: string) => void): void {
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (lines: string) => {
    for (const line of lines.trimEnd().split("\n")) listener(line);
  });
  process.stdin.on("end", () => process.exit(1));
}

/** For a child that its parent says nothing to. */
export function endWithParent(): void {
  onSaid(() => {});
  process.stdin.unref();
}
