import { execFile } from "node:child_process";

export interface Finished {
  /** 0 when all went well. */
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its exit code. */
export function run(command: string, args: readonly string[], folder: string): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: folder, timeout: 200_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

/** Runs a program that has to succeed, and gives what it printed. */
export async function succeed(command: string, args: readonly string[], folder: string): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, folder);
  if (code === 0) return stdout;
  throw new Error(`${[command, ...args].join(" ")} ended with ${String(code)}:\n${stdout}\n${stderr}`);
}
