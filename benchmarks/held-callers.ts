import { Agent, get } from "node:http";

/** What is to be asked for, all at once. */
export interface Calls {
  readonly url: string;
  readonly paths: readonly string[];
  /** One for each path. */
  readonly shops: readonly string[];
}

/** When each answer has come, in milliseconds of the machine's own clock, in the order of the paths. */
export type Arrivals = readonly number[];

/** Milliseconds of a clock that all processes of the machine share. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Callers whose server takes one connection after another. */
const AT_ONCE = 100;

/** In a process of its own: asks, waits for every answer, and tells. */
async function call({ url, paths, shops }: Calls): Promise<Arrivals> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const arrivals: Promise<number>[] = [];
  for (const [index, path] of paths.entries()) {
    const headers = { Prefer: "wait=60", "X-Shop": shops[index] ?? "" };
    const request = get(url + path, { agent, headers });
    arrivals.push(
      new Promise((resolve, reject) => {
        request.on("error", reject);
        request.on("response", (response) => {
          if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
          response.resume().on("end", () => resolve(machineTime()));
        });
      }),
    );
    if (index % AT_ONCE === 0) await new Promise((resolve) => request.on("finish", resolve));
  }
  return Promise.all(arrivals);
}

process.on("message", async (calls: Calls) => {
  process.send?.(await call(calls), () => process.exit(0));
});
