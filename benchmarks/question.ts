/** How SQLite waits for the disk. The same for everybody in a table. */
export type Synchronous = "NORMAL" | "FULL";

/** Where the servers of a run are. */
export interface Servers {
  /** The URL of a database of the administrator's. */
  readonly postgres: string;
  /** The path of its socket; null where there is no Redis. */
  readonly redis: string | null;
}

/** What a contender finds in its own process. */
export interface Bench {
  /** Empty. */
  readonly folder: string;
  readonly synchronous: Synchronous;
  /** What the question's `seed` has filled; to be copied from, never written to. */
  readonly seeded: string;
  /** Empty texts where the question needs none. */
  readonly servers: Servers;
}

/** By name; the same names from every contender of a question. */
export type Figures = Readonly<Record<string, number>>;

/** What a figure or a ratio should come to. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** By the name of the figure. */
export type Targets = Readonly<Record<string, Target>>;

/** One contender beside another, in the same round. */
export interface Ratio {
  readonly of: string;
  readonly to: string;
  readonly targets?: Targets;
}

/** One question, one file. Every contender answers it in a process of its own, on a fresh file. */
export interface Question {
  readonly title: string;
  /** The unit of all figures, or what their names have in common. */
  readonly unit: string;
  /** False when durability makes no difference: then it is asked once. */
  readonly durable: boolean;
  /** Whether contenders need the servers. */
  readonly onServers?: boolean;
  /** Fills a folder, or databases, once for all rounds. */
  seed?(folder: string, servers: Servers): Promise<void>;
  /** The first is ours; `raw` is the hand-written limit. */
  readonly contenders: Readonly<Record<string, (bench: Bench) => Promise<Figures>>>;
  ratios(synchronous: Synchronous): readonly Ratio[];
  /** What the first contender's own figures should come to. */
  readonly targets?: Targets;
}

/** Operations a second. */
export async function rate(operations: number, work: () => Promise<void> | void): Promise<number> {
  const begin = performance.now();
  await work();
  return operations / ((performance.now() - begin) / 1000);
}

export function parseSynchronous(text: string): Synchronous {
  if (text === "NORMAL" || text === "FULL") return text;
  throw new Error(`--synchronous takes NORMAL, FULL, or both with a comma between; not "${text}"`);
}
