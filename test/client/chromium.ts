import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { onTestFinished } from "vitest";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"];
/** It asks nobody but the page's server, and gets by without a display and as root. */
const OPTIONS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * The path of a Chromium on this machine: the environment's `CHROMIUM`, or the first one in `PATH`.
 *
 * @throws Error where there is none
 */
export function findChromium(): string {
  const { CHROMIUM, PATH = "" } = process.env;
  if (CHROMIUM) return CHROMIUM;
  const paths = PATH.split(delimiter).flatMap((folder) => PROGRAMS.map((program) => join(folder, program)));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(`PATH has none of ${PROGRAMS.join(", ")}, and CHROMIUM names none.`);
}

/** Opens a page in a browser that has never been used, until the test is over. Rejects when the browser ends before. */
export async function openPage(chromium: string, url: string): Promise<never> {
  const profile = await mkdtemp(join(tmpdir(), "async-jobs-chromium-"));
  const browser = spawn(chromium, [...OPTIONS, `--user-data-dir=${profile}`, url], {
    // The browser is a family of processes: they end together.
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  browser.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = new Promise<string>((resolve) => {
    browser.once("error", (error) => resolve(String(error)));
    browser.once("close", (code) => resolve(`It ended with ${code}. ${said}`));
  });
  onTestFinished(async () => {
    if (browser.pid !== undefined && browser.exitCode === null && browser.signalCode === null)
      process.kill(-browser.pid, "SIGKILL");
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  throw new Error(`${chromium} did not stay: ${await ended}`);
}
