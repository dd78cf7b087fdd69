import { defineKind } from "async-jobs";
import pg from "pg";
import { payload } from "../contenders.js";
import { makeDatabase } from "../databases.js";
import { hundredShops } from "../million.js";
import { openOurs } from "../postgres-contenders.js";
import type { Bench, Figures, Question } from "../question.js";

const BULK = 100;
const WAVES = 100;
const QUARTER = WAVES / 4;
const GROWTH = "times the second quarter's MB, in the last";

/** Bytes of the jobs' table and its indexes, and how often the server has vacuumed it by itself. */
const SIZE = `select pg_total_relation_size(relid), autovacuum_count
  from pg_stat_user_tables where schemaname = 'async_jobs' and relname = 'jobs'`;

/** A million jobs, 10,000 at a time: they start, run, expire and are pruned. Only the server's autovacuum cleans up. */
async function comeAndGo(bench: Bench): Promise<Figures> {
  const url = await makeDatabase(bench);
  const noop = defineKind("noop", { expireAfter: 1, run: () => undefined });
  const jobs = openOurs(url, [noop], 100);
  const client = new pg.Client(url);
  await client.connect();
  const largest = [0, 0, 0, 0];
  let vacuums = 0;
  const begin = performance.now();
  for (let wave = 0; wave < WAVES; wave += 1) {
    for (const shop of hundredShops) await jobs.as(shop).createMany("noop", Array(BULK).fill(payload));
    await jobs.runUntilIdle();
    await jobs.prune();
    const { rows } = await client.query({ text: SIZE, rowMode: "array" });
    const [bytes, count] = (rows[0] ?? []).map(Number);
    const quarter = Math.floor(wave / QUARTER);
    largest[quarter] = Math.max(largest[quarter] ?? 0, (bytes ?? 0) / 1e6);
    vacuums = count ?? 0;
  }
  const seconds = (performance.now() - begin) / 1000;
  await client.end();
  await jobs.close();
  const sizes = largest.map((megabytes, quarter) => [
    `MB at most, quarter ${quarter + 1} of the million`,
    megabytes,
  ]);
  const [, second = 0, , last = 0] = largest;
  return {
    ...Object.fromEntries(sizes),
    [GROWTH]: last / second,
    "seconds in all": seconds,
    "times vacuumed": vacuums,
  };
}

export const question: Question = {
  title: "on PostgreSQL: the jobs' table while a million jobs come and go",
  unit: "figure",
  durable: false,
  onServers: true,
  contenders: { ours: comeAndGo },
  ratios: () => [],
  targets: { [GROWTH]: { atMost: 1.1 } },
};
