import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The demo server, running as a process of its own on a free port. */
export interface DemoServer {
  readonly url: string;
  /** Bytes of resident memory at this moment; undefined where the system has no `ps`. */
  memory(): number | undefined;
  /** Stops it by SIGTERM, and gives its exit code. */
  stop(): Promise<number | null>;
}

const SERVER = fileURLToPath(new URL("../server.ts", import.meta.url));

/**
 * @param environment the variables that the server reads, but for PORT
 * @param log where its own log goes
 * @param program what Node is to run
 * @throws Error when it ends before it listens
 */
export async function startServer(
  environment: Readonly<Record<string, string>>,
  log: "inherit" | "ignore" = "inherit",
  program: readonly string[] = ["--import", "tsx", SERVER],
): Promise<DemoServer> {
  const server = spawn(process.execPath, program, {
    env: { ...process.env, ...environment, PORT: "0" },
    stdio: ["ignore", "pipe", log],
  });
  const exited = once(server, "exit");
  const kill = () => server.kill();
  process.once("exit", kill);
  server.once("exit", () => process.off("exit", kill));
  for await (const line of createInterface(server.stdout)) {
    const [, url] = /^listening on (\S+)$/.exec(line) ?? [];
    if (url === undefined) continue;
    server.stdout.resume();
    return {
      url,
      memory: () => residentMemory(server),
      async stop() {
        server.kill("SIGTERM");
        const [code] = await exited;
        return code;
      },
    };
  }
  throw new Error("The demo server ended before it listened.");
}

function residentMemory({ pid }: ChildProcess): number | undefined {
  try {
    return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)])) * 1024;
  } catch {
    return undefined;
  }
}
