import { join } from "node:path";
import { type AsyncJobs, createAsyncJobs, defineKind, type Kind, type Principal } from "async-jobs";
import { sqliteStore } from "async-jobs/sqlite";
import Database from "better-sqlite3";
import { better, defineQueue } from "plainjob";
import type { Bench } from "./question.js";

export const shop: Principal = { via: "api-key", shop: "blue-bottle" };

/** About what a real job carries. */
export const payload = { newsletterId: "57b5aa3b046abfb053d80b01" };

export const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

/** Ours, as README shows it. */
export function openOurs<const Kinds extends readonly Kind[]>(
  { folder, synchronous }: Pick<Bench, "folder" | "synchronous">,
  kinds: Kinds,
  concurrency = 10,
): AsyncJobs<Kinds> {
  const store = sqliteStore(join(folder, "jobs.db"), { synchronous });
  return createAsyncJobs({ store, publicUrl: "https://app.example.com", kinds, concurrency });
}

/** A kind that does nothing and tells when so many have run. */
export function countdown(times: number): { readonly kind: Kind<"noop">; readonly done: Promise<void> } {
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let left = times;
  const kind = defineKind("noop", {
    run: () => {
      left -= 1;
      if (left === 0) finish();
      return undefined;
    },
  });
  return { kind, done };
}

/** plainjob sets WAL and NORMAL itself; FULL is set afterwards. */
export function openPlainjob({ folder, synchronous }: Bench) {
  const database = new Database(join(folder, "jobs.db"));
  const queue = defineQueue({ connection: better(database), logger: quiet });
  database.pragma(`synchronous = ${synchronous}`);
  return queue;
}

/** A hand-written table with the least that a queue needs: the limit of the driver and the disk. */
export function openRaw({ folder, synchronous }: Pick<Bench, "folder" | "synchronous">) {
  const database = new Database(join(folder, "jobs.db"));
  database.pragma("journal_mode = WAL");
  database.pragma(`synchronous = ${synchronous}`);
  database.exec(`
    create table jobs (
      id integer primary key, kind text not null, payload text not null, status integer not null,
      lease_until integer, created_at integer not null, completed_at integer
    );
    create index waiting on jobs (kind, id) where status = 0;
  `);
  const insert = database.prepare<[string, string, number]>(
    "insert into jobs (kind, payload, status, created_at) values (?, ?, 0, ?)",
  );
  const claim = database.prepare<[number, number], { id: number; payload: string }>(
    `update jobs set status = 1, lease_until = ? where id in
       (select id from jobs where status = 0 and kind = 'noop' order by id limit ?) returning id, payload`,
  );
  const complete = database.prepare<[number, number]>(
    "update jobs set status = 2, completed_at = ? where id = ? and status = 1",
  );
  return { database, insert, claim, complete };
}
