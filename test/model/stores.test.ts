import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, inject, it } from "vitest";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { postgresStore } from "../../adapters/stores/postgres/index.js";
import { sqliteStore } from "../../adapters/stores/sqlite/index.js";
import type { JobStore } from "../../src/index.js";
import { inspect } from "./reading.js";
import { step, stepAlone } from "./steps.js";
import { type Asked, type Step, World } from "./world.js";

const folder = mkdtempSync(join(tmpdir(), "async-jobs-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The stores through which one run reaches its jobs, in turns. */
interface Connections {
  open: JobStore[];
  readonly reopen?: () => JobStore;
}

type StoreCommand = fc.AsyncCommand<World, Connections>;

async function compare({ expected, call }: Asked, store: JobStore | undefined): Promise<void> {
  assert.ok(store !== undefined);
  assert.deepEqual(await call(store), expected);
}

class Ask implements StoreCommand {
  constructor(
    readonly step: Step,
    readonly via: number,
  ) {}
  check(): boolean {
    return true;
  }
  run(world: World, { open }: Connections): Promise<void> {
    return compare(this.step.ask(world), open[this.via % open.length]);
  }
  toString(): string {
    return this.step.said;
  }
}

class Reopen implements StoreCommand {
  check(): boolean {
    return true;
  }
  async run(_world: World, connections: Connections): Promise<void> {
    const { reopen } = connections;
    if (reopen === undefined) return;
    for (const store of connections.open) await store.close();
    connections.open = connections.open.map(() => reopen());
  }
  toString(): string {
    return "reopening";
  }
}

function commandsOf(steps: fc.Arbitrary<Step>): fc.Arbitrary<Iterable<StoreCommand>> {
  const asking = fc.tuple(steps, fc.nat(1)).map(([one, via]): StoreCommand => new Ask(one, via));
  const reopening = fc.constant<StoreCommand>(new Reopen());
  const command = fc.oneof({ weight: 20, arbitrary: asking }, { weight: 1, arbitrary: reopening });
  return fc.commands([command], { maxCommands: 120, size: "max" });
}

/** Names what each run has for itself. */
let opened = 0;

interface Contender {
  readonly runs: number;
  /** Default {@link step}. */
  readonly steps?: fc.Arbitrary<Step>;
  connect(): Connections;
}

const STORES: Readonly<Record<string, Contender>> = {
  "the memory store": { runs: 200, connect: () => ({ open: [memoryStore()] }) },
  "SQLite in memory": { runs: 150, connect: () => ({ open: [sqliteStore(":memory:")] }) },
  "two connections to a SQLite file": {
    runs: 40,
    connect() {
      opened += 1;
      const path = join(folder, `${opened}.db`);
      const reopen = () => sqliteStore(path, { synchronous: "NORMAL" });
      return { open: [reopen(), reopen()], reopen };
    },
  },
  "two stores on a PostgreSQL server": {
    runs: 15,
    steps: stepAlone,
    connect() {
      opened += 1;
      const schema = `model_${process.pid}_${opened}`;
      const reopen = () => postgresStore(inject("postgresUrl"), { schema, clock: "caller", connections: 2 });
      return { open: [reopen(), reopen()], reopen };
    },
  },
};

it.each(Object.entries(STORES))(
  "%s does what the contract says, whatever is asked of it",
  { timeout: 120_000 },
  async (_name, store) => {
    const property = fc.asyncProperty(commandsOf(store.steps ?? step), async (commands) => {
      const connections = store.connect();
      try {
        const world = new World();
        await fc.asyncModelRun(() => ({ model: world, real: connections }), commands);
        await compare(inspect(world), connections.open[0]);
      } finally {
        for (const opened of connections.open) await opened.close();
      }
    });
    await fc.assert(property, { numRuns: store.runs });
  },
);
