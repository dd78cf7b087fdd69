import { expect, it } from "vitest";
import { newJob, openStore, query, scratchSchema } from "./scratch.js";

it("gives no turn of a shop twice, nor leaves one out, when many processes start its jobs at once", async () => {
  const schema = scratchSchema();
  const stores = Array.from({ length: 5 }, () => openStore({ schema, connections: 4 }));
  const shops = ["blue-bottle", "red-barn"];
  await Promise.all(
    Array.from({ length: 100 }, (_, call) => {
      const jobs = shops.flatMap((shop) => Array.from({ length: 1 + (call % 3) }, () => newJob({ shop })));
      return stores[call % stores.length]?.insert(call % 2 === 0 ? jobs : jobs.reverse(), Date.now());
    }),
  );
  for (const shop of shops) {
    const rows = await query(`select turn from ${schema}.jobs where shop = '${shop}' order by seq`);
    expect(rows.map(({ turn }) => Number(turn))).toEqual(rows.map((_, index) => index + 1));
    expect(rows.length).toBeGreaterThan(100);
  }
});

it("lists jobs in the order of their turns, for whom starts them one after another", async () => {
  const schema = scratchSchema();
  const [one, other] = [openStore({ schema }), openStore({ schema })];
  const ids: string[] = [];
  for (const store of [one, other, one, other]) {
    const job = newJob();
    ids.unshift(job.id);
    await store.insert([job], Date.now());
  }
  const { jobs } = await one.list({ shop: "blue-bottle" }, {}, Date.now());
  expect(jobs.map(({ id }) => id)).toEqual(ids);
});
