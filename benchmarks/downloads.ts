import { fork } from "node:child_process";
import type { Downloaded } from "./downloader.js";

const DOWNLOADER = new URL("./downloader.ts", import.meta.url).pathname;

/** Downloads a URL in a process of its own, and throws the bytes away. */
export function download(url: string, encoding = "identity"): Promise<Downloaded> {
  const downloader = fork(DOWNLOADER, [url, encoding], { execArgv: ["--import", "tsx"] });
  return new Promise((resolve, reject) => {
    downloader.once("message", resolve);
    downloader.once("exit", () => reject(new Error(`the download of ${url} broke off`)));
  });
}

/** As `download`, of which it knows how many bytes must come. Gives the seconds that it took. */
export async function downloadWhole(url: string, expected: number): Promise<number> {
  const { bytes, seconds } = await download(url);
  if (bytes !== expected) throw new Error(`${bytes} bytes came in place of ${expected}`);
  return seconds;
}

/** MiB by which this process's resident memory grows at its highest while it works. */
export async function memoryAboveIdle(work: () => Promise<void>): Promise<number> {
  globalThis.gc?.();
  const idle = process.memoryUsage.rss();
  let peak = idle;
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const watch = setInterval(look, 20);
  await work();
  look();
  clearInterval(watch);
  return (peak - idle) / 2 ** 20;
}
