import { type AsyncJobs, createAsyncJobs, type Kind } from "async-jobs";
import { postgresStore } from "async-jobs/postgres";
import { Logger, makeWorkerUtils, run, type WorkerUtils } from "graphile-worker";
import pg from "pg";
import PgBoss from "pg-boss";
import { payload } from "./contenders.js";

/** Ours, as README shows it. */
export function openOurs<const Kinds extends readonly Kind[]>(
  url: string,
  kinds: Kinds,
  concurrency = 10,
): AsyncJobs<Kinds> {
  return createAsyncJobs({
    store: postgresStore(url),
    publicUrl: "https://app.example.com",
    kinds,
    concurrency,
  });
}

export async function openPgBoss(url: string): Promise<PgBoss> {
  const boss = new PgBoss(url);
  boss.on("error", (error) => {
    throw error;
  });
  await boss.start();
  await boss.createQueue("noop");
  return boss;
}

/** A worker that looks for the next jobs as soon as it has some, and otherwise as often as it may. */
export async function startPgBoss(boss: PgBoss, batchSize: number, handle: () => void): Promise<string> {
  const id = await boss.work("noop", { batchSize, pollingIntervalSeconds: 0.5 }, async (jobs) => {
    boss.notifyWorker(id);
    for (const _ of jobs) handle();
  });
  return id;
}

const logger = new Logger(() => () => {});

export async function openGraphile(url: string): Promise<WorkerUtils> {
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  return utils;
}

/** Its documentation's settings for speed. */
export const graphileBatches = {
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
} satisfies GraphileConfig.WorkerOptions;

export function startGraphile(
  url: string,
  options: GraphileConfig.WorkerOptions,
  handle: () => void,
): ReturnType<typeof run> {
  const { concurrentJobs = 1 } = options;
  return run({
    preset: {
      worker: {
        connectionString: url,
        maxPoolSize: Math.max(10, Math.min(concurrentJobs + 2, 50)),
        logger,
        ...options,
      },
    },
    taskList: { noop: async () => handle() },
    parsedCronItems: [],
    noHandleSignals: true,
  });
}

/** A hand-written table with the least that a queue needs, on one connection: the limit of the driver and the server. */
export async function openRaw(url: string) {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`
    create table jobs (
      id bigint generated always as identity primary key, kind text not null, payload text not null,
      status smallint not null default 0, lease_until timestamptz, created_at timestamptz not null default now(),
      completed_at timestamptz
    );
    create index waiting on jobs (kind, id) where status = 0;
  `);
  const text = JSON.stringify(payload);
  return {
    insert: (count: number) =>
      count === 1
        ? client.query({
            name: "insert",
            text: "insert into jobs (kind, payload) values ($1, $2)",
            values: ["noop", text],
          })
        : client.query({
            name: "insert many",
            text: "insert into jobs (kind, payload) select 'noop', payload from unnest($1::text[]) as payload",
            values: [Array(count).fill(text)],
          }),
    /** The IDs. */
    async claim(count: number): Promise<readonly string[]> {
      const { rows } = await client.query<[id: string, payload: string]>({
        name: "claim",
        text: `update jobs set status = 1, lease_until = now() + interval '30 s' where id = any(array(
            select id from jobs where status = 0 and kind = 'noop' order by id limit $1 for update skip locked
          )) returning id, payload`,
        values: [count],
        rowMode: "array",
      });
      for (const [, payload] of rows) JSON.parse(payload);
      return rows.map(([id]) => id);
    },
    complete: (ids: readonly string[]) =>
      client.query({
        name: "complete",
        text: "update jobs set status = 2, completed_at = now() where id = any($1::bigint[]) and status = 1",
        values: [ids],
      }),
    close: () => client.end(),
  };
}
