import type { Kysely } from "kysely";
import type { Inserted, NewJob } from "../../../src/index.js";
import type { Tables } from "../sql/tables.js";
import type { Connections, Session } from "./connections.js";
import { isConflict } from "./errors.js";
import type { LentTransaction } from "./lent-transaction.js";
import { isUpToDate } from "./migrations.js";
import { type Fresh, type Started, startingQueries } from "./starting-queries.js";
import { decodeText } from "./texts.js";
import type { Wake } from "./wake.js";

/** How often a call is tried whose IDs or keys come from elsewhere at the same moment. */
const TRIES = 10;

/** Adds jobs. */
export class Starting {
  readonly #connections: Connections;
  readonly #wake: Wake;
  readonly #schema: string;
  readonly #queries;
  /** Kinds that are never new again. */
  readonly #known = new Set<string>();

  constructor(connections: Connections, wake: Wake, db: Kysely<Tables>, schema: string) {
    this.#connections = connections;
    this.#wake = wake;
    this.#schema = schema;
    this.#queries = startingQueries(db, schema, wake.channel);
  }

  async insert(jobs: readonly NewJob[], now: number): Promise<readonly Inserted[]> {
    return (await this.#insertAllFresh(jobs, now)) ?? (await this.#insertAll(jobs, now));
  }

  /** In a transaction of the store's own, beside what else is written there. */
  async insertBeside(
    session: Session,
    jobs: readonly NewJob[],
    now: number,
    teller: string | null,
  ): Promise<void> {
    if (jobs.length > 0) await this.#insertMixed(session, jobs, now, teller, true);
  }

  /** In the caller's transaction. One by one where some have the same ID or key: each sees those before it. */
  async insertWithin(
    transaction: LentTransaction,
    jobs: readonly NewJob[],
    now: number,
  ): Promise<readonly Inserted[]> {
    if (jobs.length === 0) return [];
    await this.#know(transaction, jobs);
    const { firstIds, firstKeys } = firstsOf(jobs);
    const haveTwins = firstIds.includes(false) || firstKeys.includes(false);
    const inserted: Inserted[] = [];
    for (const some of haveTwins ? jobs.map((job) => [job]) : [jobs]) {
      inserted.push(...(await this.#insertSomeWithin(transaction, some, now)));
    }
    return inserted;
  }

  /**
   * Adds kinds beside the caller's transaction: within it, the first job of a kind holds up all others of that kind.
   * That is left to it nevertheless while a lent pool has no connection to spare: all who have them may be here.
   */
  async #know(transaction: LentTransaction, jobs: readonly NewJob[]): Promise<void> {
    const kinds = [...new Set(jobs.map(({ kind }) => kind))].filter((kind) => !this.#known.has(kind));
    if (kinds.length === 0) return;
    const { hasSpare, isReady } = this.#connections;
    if (!hasSpare && (isReady || (await isUpToDate(transaction, this.#schema)))) return;
    await this.#connections.all(this.#queries.know, { kinds });
    for (const kind of kinds) this.#known.add(kind);
  }

  /** In one statement; none is another's twin. */
  async #insertSomeWithin(
    transaction: LentTransaction,
    jobs: readonly NewJob[],
    now: number,
  ): Promise<readonly Inserted[]> {
    const args = { ...columnsOf(jobs), ...firstsOf(jobs), now, sentAt: now, teller: this.#wake.herald };
    for (let tries = 1; ; tries += 1) {
      // An error would end the caller's transaction as well.
      await transaction.run("savepoint async_jobs");
      try {
        const rows = await transaction.rows(this.#queries.insertWithin, args);
        await transaction.run("release savepoint async_jobs");
        const inserted: Inserted[] = jobs.map(({ id }) => ({ id, created: true }));
        for (const [place, id, payload] of rows) {
          if (place === null) continue;
          const first = { id: decodeText(String(id)), payload: decodeText(String(payload)) };
          inserted[Number(place) - 1] = { ...first, created: false };
        }
        return inserted;
      } catch (error) {
        await transaction.run("rollback to savepoint async_jobs");
        if (tries === TRIES || !isConflict(error)) throw error;
      }
    }
  }

  /** Undefined when some may have been started before: then nothing was added. */
  async #insertAllFresh(jobs: readonly NewJob[], now: number): Promise<readonly Inserted[] | undefined> {
    if (jobs.some(({ idempotencyKey }) => idempotencyKey !== undefined)) return undefined;
    try {
      const teller = this.#wake.teller();
      await this.#connections.all(this.#queries.insertFresh, {
        ...columnsOfFresh(jobs),
        now,
        sentAt: now,
        teller,
      });
      this.#wake.brought(teller);
      return jobs.map(({ id }) => ({ id, created: true }));
    } catch (error) {
      if (isConflict(error)) return undefined;
      throw error;
    }
  }

  async #insertAll(jobs: readonly NewJob[], now: number): Promise<readonly Inserted[]> {
    const { firstIds, firstKeys } = firstsOf(jobs);
    const isMixed = firstIds.includes(false) || firstKeys.includes(false);
    let inOrder = false;
    for (let tries = 1; ; tries += 1) {
      const teller = this.#wake.teller();
      try {
        const inserted = isMixed
          ? await this.#connections.transact((session) =>
              this.#insertMixed(session, jobs, now, teller, inOrder),
            )
          : withoutGaps(
              await this.#insertSome(this.#connections, jobs, now, teller, { firstIds, firstKeys }),
            );
        if (inserted.some(({ created }) => created)) this.#wake.brought(teller);
        return inserted;
      } catch (error) {
        // Another process has just added one of these IDs or keys: now it can be seen.
        if (tries === TRIES || !(isConflict(error) || error instanceof OutOfOrder)) throw error;
        inOrder = error instanceof OutOfOrder;
      }
    }
  }

  /**
   * Jobs of which some have an ID or a key that another before them has: those are looked at again when it is known
   * what came of the others. Nearly always the first of their like is then there. If not, and one of them is added
   * late, all begin anew, bit by bit.
   */
  async #insertMixed(
    session: Session,
    jobs: readonly NewJob[],
    now: number,
    teller: string | null,
    inOrder: boolean,
  ): Promise<readonly Inserted[]> {
    const firsts = firstsOf(jobs);
    const second = jobs.findIndex((_, index) => !(firsts.firstIds[index] && firsts.firstKeys[index]));
    if (inOrder && second > 0) {
      const before = await this.#insertMixed(session, jobs.slice(0, second), now, teller, inOrder);
      return before.concat(await this.#insertMixed(session, jobs.slice(second), now, teller, inOrder));
    }
    const inserted = [...(await this.#insertSome(session, jobs, now, teller, firsts))];
    const left = inserted.flatMap((one, index) => (one === undefined ? [index] : []));
    if (left.length > 0) {
      const lastAdded = inserted.findLastIndex((one) => one?.created === true);
      const again = left.flatMap((index) => jobs[index] ?? []);
      const rest = await this.#insertMixed(session, again, now, teller, inOrder);
      for (const [position, index] of left.entries()) {
        if (rest[position]?.created === true && index < lastAdded) throw new OutOfOrder();
        inserted[index] = rest[position];
      }
    }
    return withoutGaps(inserted);
  }

  /** In one statement. What is not the first of its like in this call is left undefined, unless it was there before. */
  async #insertSome(
    session: Session,
    jobs: readonly NewJob[],
    now: number,
    teller: string | null,
    firsts: Pick<Started, "firstIds" | "firstKeys">,
  ): Promise<readonly (Inserted | undefined)[]> {
    const rows = await session.all(this.#queries.insert, {
      ...columnsOf(jobs),
      ...firsts,
      now,
      sentAt: now,
      teller,
    });
    const inserted: (Inserted | undefined)[] = jobs.map(({ id }) => ({ id, created: true }));
    for (const [place, id, payload] of rows) {
      if (place === null) continue;
      inserted[place - 1] = id === null || payload === null ? undefined : { id, created: false, payload };
    }
    return inserted;
  }
}

/** A job would come after one that follows it in the call. */
class OutOfOrder extends Error {}

function withoutGaps(inserted: readonly (Inserted | undefined)[]): readonly Inserted[] {
  return inserted.flatMap((one) => one ?? []);
}

function columnsOf(jobs: readonly NewJob[]) {
  return {
    ids: jobs.map(({ id }) => id),
    kinds: jobs.map(({ kind }) => kind),
    shops: jobs.map(({ shop }) => shop),
    apps: jobs.map(({ app = null }) => app),
    payloads: jobs.map(({ payload }) => payload),
    createdAts: jobs.map(({ createdAt }) => createdAt),
    keys: jobs.map(({ idempotencyKey = null }) => idempotencyKey),
  };
}

/** An owner of jobs, and the moment of their start. */
interface Owner {
  /** The first of its jobs. */
  readonly job: NewJob;
  /** Its place among the owners, from 1 on. */
  readonly place: number;
  /** Of its shop and kind, whatever the app and the moment. */
  readonly lane: { jobs: number };
}

/** Each owner of a moment once, in the order in which they come. */
function columnsOfFresh(jobs: readonly NewJob[]): Omit<Fresh, "now" | "sentAt" | "teller"> {
  const lanes = new Map<string, Owner["lane"]>();
  const owners = new Map<string, Owner>();
  const ownerOf = (job: NewJob): Owner => {
    const { kind, shop, app = null, createdAt } = job;
    const name = JSON.stringify([kind, shop, app, createdAt]);
    const laneName = JSON.stringify([kind, shop]);
    const lane = lanes.get(laneName) ?? { jobs: 0 };
    const owner = owners.get(name) ?? { job, place: owners.size + 1, lane };
    lanes.set(laneName, lane);
    owners.set(name, owner);
    return owner;
  };
  const places: number[] = [];
  const nths: number[] = [];
  let owner: Owner | undefined;
  for (const job of jobs) {
    // As a rule many jobs of one owner follow one another.
    if (owner === undefined || !isSameOwner(job, owner.job)) owner = ownerOf(job);
    owner.lane.jobs += 1;
    places.push(owner.place);
    nths.push(owner.lane.jobs);
  }
  const owned = [...owners.values()].map(({ job }) => job);
  return {
    ids: jobs.map(({ id }) => id),
    owners: places,
    nths,
    payloads: jobs.map(({ payload }) => payload),
    kinds: owned.map(({ kind }) => kind),
    shops: owned.map(({ shop }) => shop),
    apps: owned.map(({ app = null }) => app),
    createdAts: owned.map(({ createdAt }) => createdAt),
  };
}

function isSameOwner(one: NewJob, other: NewJob): boolean {
  return (
    one.createdAt === other.createdAt &&
    one.shop === other.shop &&
    one.kind === other.kind &&
    one.app === other.app
  );
}

/** Whether each is the first in its call to have its ID, and the first to have its key. */
function firstsOf(jobs: readonly NewJob[]): Pick<Started, "firstIds" | "firstKeys"> {
  const ids = new Set<string>();
  const keys = new Set<string>();
  return {
    firstIds: jobs.map(({ id }) => addNew(ids, id)),
    firstKeys: jobs.map(
      ({ kind, shop, app = "", idempotencyKey: key }) =>
        key === undefined || addNew(keys, JSON.stringify([kind, shop, app, key])),
    ),
  };
}

/** Whether it was not among them yet; afterwards it is. */
function addNew(texts: Set<string>, text: string): boolean {
  if (texts.has(text)) return false;
  texts.add(text);
  return true;
}
