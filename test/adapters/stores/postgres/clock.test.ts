import { expect, it } from "vitest";
import { claimAll, newJob, openStore, scratchSchema } from "./scratch.js";

const HOUR = 3_600_000;
const LEASE = 30_000;

/** Milliseconds that the calls of a test may take. */
const SLACK = 10_000;

/** Two machines whose clocks are two hours apart, on one database. */
function machines() {
  const schema = scratchSchema();
  const machine = (ahead: number) => ({ store: openStore({ schema }), now: () => Date.now() + ahead });
  return { slow: machine(-HOUR), fast: machine(HOUR) };
}

it("lets no machine whose clock is fast take over a job before its lease runs out", async () => {
  const { slow, fast } = machines();
  await slow.store.insert([newJob()], slow.now());
  const { claimed } = await claimAll(slow.store, slow.now());
  expect(claimed).toHaveLength(1);
  expect(await claimAll(fast.store, fast.now())).toMatchObject({ claimed: [], rescued: [] });
});

it("tells each machine by its own clock when the next lease runs out", async () => {
  const { slow, fast } = machines();
  await slow.store.insert([newJob()], slow.now());
  await claimAll(slow.store, slow.now(), LEASE);
  const before = fast.now();
  const { nextDueAt = 0 } = await claimAll(fast.store, before, LEASE);
  expect(nextDueAt).toBeGreaterThan(before);
  expect(nextDueAt).toBeLessThanOrEqual(before + LEASE + SLACK);
});

it("lets no machine whose clock is slow hold up a retry, nor one whose clock is fast hurry it", async () => {
  const { slow, fast } = machines();
  const [now, later] = [newJob(), newJob()];
  await fast.store.insert([now, later], fast.now());
  const { claimed } = await claimAll(fast.store, fast.now());
  const sentAt = fast.now();
  const retry = (wait: number) => ({ type: "retry", runAt: sentAt + wait, detail: "" }) as const;
  await fast.store.settle(
    claimed.map(({ id, fence }) => ({ id, fence, outcome: retry(id === now.id ? -1 : HOUR) })),
    sentAt,
  );
  const due = await claimAll(slow.store, slow.now());
  expect(due.claimed.map(({ id }) => id)).toEqual([now.id]);
});

it("shows a finished job on every machine for the same time", async () => {
  const { slow, fast } = machines();
  const [brief, long] = [newJob(), newJob()];
  await slow.store.insert([brief, long], slow.now());
  const { claimed } = await claimAll(slow.store, slow.now());
  const completedAt = slow.now();
  const done = (lasts: number) =>
    ({
      type: "done",
      result: { type: "text", text: "" },
      completedAt,
      expiresAt: completedAt + lasts,
    }) as const;
  await slow.store.settle(
    claimed.map(({ id, fence }) => ({ id, fence, outcome: done(id === brief.id ? 0 : HOUR) })),
    completedAt,
  );
  for (const { store, now } of [slow, fast]) {
    const page = await store.list({ shop: "blue-bottle" }, {}, now());
    expect(page.jobs.map(({ id }) => id)).toEqual([long.id]);
    expect(await store.find(brief.id, { shop: "blue-bottle" }, now())).toBeUndefined();
  }
  expect(await fast.store.expire(fast.now(), 10, HOUR / 2)).toMatchObject({ removed: 0 });
  expect(await fast.store.expire(fast.now(), 10)).toMatchObject({ removed: 1 });
});

it("lets a cancelled job stay as long as its canceller says, whatever the time is there", async () => {
  const { slow, fast } = machines();
  const { id } = newJob();
  await slow.store.insert([newJob({ id })], slow.now());
  const visibility = { shop: "blue-bottle" };
  const now = fast.now();
  const cancelled = await fast.store.cancel({ id, visibility, error: "Gone.", now, expiresAt: now + LEASE });
  expect(cancelled?.status === "failed" && cancelled.expiresAt - cancelled.completedAt).toBe(LEASE);
  expect(await slow.store.find(id, visibility, slow.now())).toEqual(cancelled);
});

it("gives a runner the times of its job by the runner's own clock", async () => {
  const { slow, fast } = machines();
  await fast.store.insert([newJob({ createdAt: fast.now() })], fast.now());
  const before = slow.now();
  const [job] = (await claimAll(slow.store, before)).claimed;
  for (const moment of [job?.createdAt ?? 0, job?.startedAt ?? 0]) {
    expect(Math.abs(moment - before)).toBeLessThan(SLACK);
  }
});

it("gives a runner its own time as the start of a job, to the millisecond, while no attempt has begun", async () => {
  const { slow, fast } = machines();
  await slow.store.insert([newJob()], slow.now());
  for (const { store, now } of [fast, slow, fast]) {
    const sentAt = now();
    const [job] = (await claimAll(store, sentAt)).claimed;
    expect(job?.startedAt).toBe(sentAt);
    const { id, fence } = job ?? { id: "", fence: 0 };
    const outcome = { type: "release", begun: false } as const;
    expect(await store.settle([{ id, fence, outcome }], now())).toEqual([true]);
  }
});

it("explains a job by the database's time", async () => {
  const { slow, fast } = machines();
  await slow.store.insert([newJob()], slow.now());
  const { claimed } = await claimAll(slow.store, slow.now());
  const [{ id, fence } = { id: "", fence: 0 }] = claimed;
  const sentAt = slow.now();
  await slow.store.settle(
    [{ id, fence, outcome: { type: "retry", runAt: sentAt + LEASE, detail: "" } }],
    sentAt,
  );
  expect((await fast.store.explain(id, fast.now()))?.state.type).toBe("delayed");
});
