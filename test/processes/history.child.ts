import type { Claim, ClaimResponse, JobStore, Outcome, VisibleJob } from "../../src/index.js";
import { careless, type Mistake } from "./careless-store.js";
import { CANCELLED, type JobCall, type Seen, type Settled } from "./job-model.js";
import { openPlace, type Place } from "./place.js";
import { endWithParent, settingsOf, tell } from "./tell.js";

export interface HistorySettings {
  readonly place: Place;
  /** The jobs that all processes work on. */
  readonly ids: readonly string[];
  readonly rounds: number;
  /** One that its store makes, to be found out. */
  readonly mistake?: Mistake;
}

export type HistoryMessage =
  /** Right before a call. A claim may be about any job. */
  | {
      readonly type: "begin";
      readonly number: number;
      readonly id: string | undefined;
      readonly call: JobCall;
    }
  /** Right after it: what it gave, for each job that it was about. */
  | {
      readonly type: "end";
      readonly number: number;
      readonly answers: Answers;
      /** Of a claim: whether it says that leases that are over are left to the next one. */
      readonly leavesSome: boolean;
    };

export type Answers = Readonly<Record<string, JobCall["answer"]>>;

const KIND = "work";
const SHOP = "blue-bottle";
/** Milliseconds: so short that many leases run out. */
const LEASE = 3;
/** Calls made at once, which may come to share a transaction. */
const MOST_AT_ONCE = 3;

endWithParent();
const settings = settingsOf<HistorySettings>();
const opened = openPlace(settings.place, "caller");
const store: JobStore = settings.mistake === undefined ? opened : careless(opened, settings.mistake);
const claims: Claim[] = [];
let numbers = 0;

async function noted(
  id: string | undefined,
  call: JobCall,
  made: () => Promise<Answers>,
  leavesSome = () => false,
): Promise<void> {
  numbers += 1;
  const number = numbers;
  const say = (message: HistoryMessage): void => tell(message);
  say({ type: "begin", number, id, call });
  const answers = await made();
  say({ type: "end", number, answers, leavesSome: leavesSome() });
}

function insert(id: string): Promise<void> {
  const job = { id, kind: KIND, shop: SHOP, payload: "null", createdAt: 0 };
  return noted(id, { call: "insert" }, async () => {
    const [inserted] = await store.insert([job], Date.now());
    return { [id]: inserted?.created === true ? "created" : "was there" };
  });
}

function claim(): Promise<void> {
  const now = Date.now();
  const limit = 1 + Math.floor(Math.random() * 2);
  let nextDueAt = Number.POSITIVE_INFINITY;
  const make = async (): Promise<Answers> => {
    const response = await store.claim({ kinds: [{ kind: KIND, limit }], limit, leaseMs: LEASE, now });
    for (const { id, fence } of response.claimed) claims.push({ id, fence });
    nextDueAt = response.nextDueAt ?? nextDueAt;
    return answersOf(response);
  };
  const call: JobCall = { call: "claim", now, leaseUntil: now + LEASE };
  return noted(undefined, call, make, () => nextDueAt <= now);
}

function answersOf({ rescued, claimed }: ClaimResponse): Answers {
  const ids = new Set([...rescued, ...claimed].map(({ id }) => id));
  return Object.fromEntries(
    [...ids].map((id) => {
      const back = rescued.find((job) => job.id === id);
      const taken = claimed.find((job) => job.id === id);
      return [id, { rescuedWithDeaths: back?.deaths, fence: taken?.fence }];
    }),
  );
}

function renew({ id, fence }: Claim): Promise<void> {
  const now = Date.now();
  return noted(id, { call: "renew", fence, leaseUntil: now + LEASE }, async () => {
    const lost = await store.renew([{ id, fence }], LEASE, now);
    return { [id]: lost.length === 0 ? "took effect" : "lost" };
  });
}

function settle({ id, fence }: Claim): Promise<void> {
  const now = Date.now();
  const [settled, outcome] = anyOutcome(now);
  return noted(id, { call: "settle", fence, outcome: settled }, async () => {
    const [tookEffect] = await store.settle([{ id, fence, outcome }], now);
    return { [id]: tookEffect === true ? "took effect" : "lost" };
  });
}

/** Each text only once, so that it tells which settle it came from. */
function anyOutcome(now: number): readonly [Settled, Outcome] {
  const finished = { completedAt: now, expiresAt: now + 1e9 };
  const text = `${process.pid} ${numbers}`;
  const chance = Math.random();
  if (chance < 0.35) return [`done ${text}`, { type: "done", result: { type: "text", text }, ...finished }];
  if (chance < 0.5) return [`failed ${text}`, { type: "failed", error: text, ...finished }];
  if (chance < 0.75) return ["retry", { type: "retry", runAt: now, detail: text }];
  return ["release", { type: "release", begun: true }];
}

function cancel(id: string): Promise<void> {
  const now = Date.now();
  return noted(id, { call: "cancel" }, async () => {
    const cancellation = { id, visibility: { shop: SHOP }, error: "cancelled", now, expiresAt: now + 1e9 };
    return { [id]: seen(await store.cancel(cancellation)) };
  });
}

function find(id: string): Promise<void> {
  return noted(id, { call: "find" }, async () => ({
    [id]: seen(await store.find(id, { shop: SHOP }, Date.now())),
  }));
}

function seen(job: VisibleJob | undefined): Seen {
  if (job === undefined) return "absent";
  if (job.status === "pending") return "pending";
  if (job.status === "failed") return job.error === "cancelled" ? CANCELLED : `failed ${job.error}`;
  return `done ${job.result.type === "text" ? job.result.text : ""}`;
}

function any<Item>(items: readonly Item[]): Item | undefined {
  return items[Math.floor(Math.random() * items.length)];
}

/** Old claims too: of those, every write must be refused. */
async function makeAnyCall(): Promise<void> {
  const id = any(settings.ids) ?? "";
  const held = any(claims.slice(-8));
  const chance = Math.random();
  if (chance < 0.12) return insert(id);
  if (chance < 0.4 || held === undefined) return claim();
  if (chance < 0.52) return renew(held);
  if (chance < 0.75) return settle(held);
  if (chance < 0.78) return cancel(id);
  return find(chance < 0.9 ? held.id : id);
}

for (let round = 0; round < settings.rounds; round += 1) {
  const together = 1 + Math.floor(Math.random() * MOST_AT_ONCE);
  await Promise.all(Array.from({ length: together }, makeAnyCall));
}
await store.close();
process.exit();
