import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { dropDatabases } from "./databases.js";
import type { Bench, Figures, Question, Servers, Synchronous } from "./question.js";

/** What one round found, by contender. */
export type Round = Readonly<Record<string, Figures>>;

export type Progress = (what: string) => void;

const run = promisify(execFile);
const MEASURE = new URL("measure.ts", import.meta.url).pathname;

/** Contenders take turns within each round, so that a slow minute of the machine hits all of them. */
export async function askRounds(
  letter: string,
  question: Question,
  modes: readonly Synchronous[],
  rounds: number,
  servers: Servers,
  progress: Progress,
): Promise<ReadonlyMap<Synchronous, readonly Round[]>> {
  return inFolder(async (seeded) => {
    if (question.seed !== undefined) progress("seeding");
    await question.seed?.(seeded, servers);
    const answers = new Map<Synchronous, readonly Round[]>();
    for (const synchronous of modes) {
      const found: Round[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        const figures: Record<string, Figures> = {};
        for (const contender of Object.keys(question.contenders)) {
          progress(`${synchronous}, round ${round} of ${rounds}, ${contender}`);
          figures[contender] = await inFolder((folder) =>
            measure(letter, contender, { folder, synchronous, seeded, servers }),
          );
          if (question.onServers === true) await dropDatabases(servers);
        }
        found.push(figures);
      }
      answers.set(synchronous, found);
    }
    return answers;
  });
}

/** In a process of its own. */
async function measure(letter: string, contender: string, bench: Bench): Promise<Figures> {
  const argv = ["--expose-gc", "--import", "tsx", MEASURE, letter, contender, JSON.stringify(bench)];
  const { stdout } = await run(process.execPath, argv, { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
