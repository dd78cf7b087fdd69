import { expect, it } from "vitest";
import { memoryStore } from "../../../../adapters/stores/memory/index.js";
import {
  claim,
  done,
  idsOf,
  newJobs,
  OF_SHOP,
  retry,
  START,
  start,
} from "../../../../src/testing/store-conformance/jobs.js";

const MANY = 130_000;

it("claims on while more jobs are delayed than a call can have arguments", async () => {
  const store = memoryStore();
  await store.insert(newJobs(MANY), START);
  const { claimed } = await claim(store, { limit: MANY });
  const later = claimed.map((one, index) => retry(one, START + 1 + index));
  expect((await store.settle(later, START)).every(Boolean)).toBe(true);
  const { id } = await start(store);
  const response = await claim(store);
  expect(idsOf(response.claimed)).toEqual([id]);
  expect(response.nextDueAt).toBe(START + 1);
  expect((await claim(store, { limit: 1, now: START + 1 })).claimed[0]?.id).toBe(claimed[0]?.id);
});

it("lists in order after most of a shop's jobs were removed, here and there", async () => {
  const store = memoryStore();
  const jobs = newJobs(1000);
  await store.insert(jobs, START);
  const { claimed } = await claim(store);
  const expiring = claimed.map((one, index) =>
    done(one, undefined, { expiresAt: START + (index % 10 === 3 ? 2 : 1) }),
  );
  await store.settle(expiring, START);
  await store.expire(START + 1, 1000);
  const left = idsOf(jobs.filter((_, index) => index % 10 === 3)).toReversed();
  expect(idsOf((await store.list(OF_SHOP, {}, START)).jobs)).toEqual(left);
  const { next } = await store.list(OF_SHOP, { limit: 40 }, START);
  const rest = await store.list(OF_SHOP, next === undefined ? {} : { before: next }, START);
  expect(idsOf(rest.jobs)).toEqual(left.slice(40));
});
