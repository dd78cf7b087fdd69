import * as fc from "fast-check";
import { memoryResults } from "../../../adapters/results/memory.js";
import {
  createAsyncJobs,
  defineKind,
  type HandlerContext,
  type JobStore,
  PublicError,
  timeOrderedId,
  type Webhooks,
} from "../../../src/index.js";
import { handClock } from "../../../src/testing/index.js";
import { asPrincipal, type Owner, owner } from "./askers.js";

/** Milliseconds that a finished job stays. */
export const STAY = 1000;
export const CSV = "email\r\nann@example.com\r\n";

async function writeCsv({ file }: Pick<HandlerContext<unknown>, "file">): Promise<void> {
  const csv = await file({ type: "text/csv" });
  await csv.write(CSV);
}

/** One kind for each way in which a job can end, or go on. */
const finishing = [
  defineKind("text", { run: () => "a result" }),
  defineKind("file", {
    async run(context) {
      await writeCsv(context);
      return undefined;
    },
  }),
  /** Its owner erases it, and its file, once it is done. */
  defineKind("erased", {
    async run(context) {
      await writeCsv(context);
      return undefined;
    },
  }),
  defineKind("refused", {
    run() {
      throw new PublicError("There is no such segment.");
    },
  }),
  /** Fails with its file half written. */
  defineKind("torn", {
    attempts: 1,
    async run(context) {
      await writeCsv(context);
      throw new Error("torn");
    },
  }),
  /** Waits for its second attempt, with its file saved so far. */
  defineKind("flaky", {
    backoff: { base: 1_000_000, max: 1_000_000 },
    async run(context) {
      await writeCsv(context);
      await context.checkpoint(1);
      throw new Error("not yet");
    },
  }),
] as const;
const untouched = [
  defineKind("waiting", { run: () => "" }),
  defineKind("running", { run: () => "" }),
  defineKind("cancelled", { run: () => "" }),
] as const;
const kinds = [...finishing, ...untouched] as const;

export type Fate = (typeof kinds)[number]["name"];

/** A job to come, and the milliseconds that pass before the next. */
interface Plan {
  readonly owner: Owner;
  readonly fate: Fate;
  readonly pause: number;
}

export const pause = fc.oneof(fc.constantFrom(0, 0, 1, STAY - 1, STAY, STAY + 1), fc.nat(2 * STAY));
export const plans: fc.Arbitrary<readonly Plan[]> = fc.array(
  fc.record({ owner, fate: fc.constantFrom(...kinds.map(({ name }) => name)), pause }),
  { minLength: 1, maxLength: 8 },
);

export interface Resident {
  readonly id: string;
  readonly owner: Owner;
  readonly fate: Fate;
}

/** Two endpoints for everybody, of which one takes what it is told, and the other never does. */
const webhooks: Webhooks = {
  ...{ timeout: 1000, concurrency: 5, description: { headers: {} }, disable: () => {} },
  endpoints: () => ["takes", "refuses"].map((id) => ({ id, url: "https://hooks.example.com", secret: "s" })),
  send: async ({ endpoint }) => ({ status: endpoint.id === "takes" ? 200 : 500 }),
};

/** An engine that serves jobs of all owners and fates, and runs none. */
export async function populate(store: JobStore, plans: readonly Plan[]) {
  const clock = handClock(Date.UTC(2017, 0, 3));
  const made: string[] = [];
  const ids = (now: number): string => {
    const id = timeOrderedId(now);
    made.push(id);
    return id;
  };
  const common = {
    ...{
      store,
      clock,
      ids,
      webhooks,
      expireAfter: STAY,
      results: memoryResults(),
      log: () => {},
      random: () => 0,
    },
    publicUrl: "https://app.example.com",
  };
  const jobs = createAsyncJobs({ ...common, kinds });
  const runner = createAsyncJobs({ ...common, kinds: finishing });
  const residents: Resident[] = [];
  for (const { owner, fate, pause } of plans) {
    const mine = jobs.as(asPrincipal(owner));
    const { id } = await mine.create(fate, null);
    if (fate === "cancelled") await mine.cancel(id);
    if (fate === "running") {
      const request = { kinds: [{ kind: fate, limit: 1 }], limit: 1, leaseMs: 1_000_000, now: clock.now() };
      await store.claim(request);
    }
    await runner.runUntilIdle();
    if (fate === "erased") await mine.erase(id);
    residents.push({ id, owner, fate });
    clock.set(clock.now() + pause);
  }
  /** Whether its owner could see it now: asked of the operator's side, which hides nothing. */
  const isThere = async (id: string): Promise<boolean> => {
    const explanation = await jobs.explain(id);
    if (explanation === undefined) return false;
    const { state } = explanation;
    return state.type !== "finished" || clock.now() < state.expiresAt;
  };
  const startedFor = new Set(residents.map(({ id }) => id));
  /** The jobs that deliver webhooks, and other IDs that nobody is to know. */
  const backstage = made.filter((id) => !startedFor.has(id));
  return { jobs, clock, residents, backstage, isThere };
}

export type Population = Awaited<ReturnType<typeof populate>>;
