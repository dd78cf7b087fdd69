import { expect, it } from "vitest";
import { type Clock, createAsyncJobs, defineKind, type JobStore } from "../../src/index.js";
import { blueBottle, describeEachStore, gate } from "./engine.js";

const HOUR = 3_600_000;
const LEASE = 30_000;
const STAY = 600_000;

/** A clock on the wall, which somebody sets back; timers run on, as the system's do. */
function wallClock(clock: Clock) {
  let shift = 0;
  return {
    now: () => clock.now() + shift,
    setTimer: (delayMs: number, fire: () => void) => clock.setTimer(delayMs, fire),
    setBack(ms: number): void {
      shift -= ms;
    },
  };
}

/** A process that stops: its timers ring no more from then on. */
function mortal(clock: Clock) {
  let dead = false;
  return {
    now: () => clock.now(),
    setTimer: (delayMs: number, fire: () => void) => clock.setTimer(delayMs, () => dead || fire()),
    die(): void {
      dead = true;
    },
  };
}

describeEachStore("when the wall clock is set back an hour", (engine) => {
  /** Two processes on one store, whose handlers stand still until they may go on. */
  async function twoRunners() {
    const hold = gate();
    const runs: string[] = [];
    const { store, clock } = await engine({ kinds: [] });
    const wall = wallClock(clock);
    const first = mortal(wall);
    const open = (name: string, ownClock: Clock) =>
      createAsyncJobs({
        ...{ store, clock: ownClock, lease: LEASE, expireAfter: STAY, log: () => {}, random: () => 0.999 },
        publicUrl: "https://app.example.com",
        kinds: [
          defineKind("work", {
            run: async () => {
              runs.push(name);
              if (name === "first") await hold.passed;
              return name;
            },
          }),
          defineKind("flaky", {
            backoff: { base: 1000, max: 1000 },
            run: ({ job }) => {
              if (job.attempt === 1) throw new Error("not yet");
              return "at last";
            },
          }),
        ],
      });
    const jobs = open("first", first);
    const other = open("second", wall);
    /** Resolves when the first has begun to run it. */
    const startWork = async (): Promise<string> => {
      const { id } = await jobs.as(blueBottle).create("work", null);
      const started = new Promise((resolve) => jobs.on("job:started", resolve));
      await jobs.start();
      await started;
      return id;
    };
    return { store, clock, wall, first, jobs, other, hold, runs, startWork, mine: jobs.as(blueBottle) };
  }

  async function stateOf(store: JobStore, id: string, { now }: Clock) {
    return (await store.explain(id, now()))?.state;
  }

  it("a running job runs on, is claimed by nobody else, and ends no earlier than it began", async () => {
    const { clock, wall, jobs, other, hold, runs, startWork, mine } = await twoRunners();
    const id = await startWork();
    const startedAt = wall.now();
    wall.setBack(HOUR);
    for (let beat = 0; beat < 12; beat += 1) {
      await other.runUntilIdle();
      await clock.advance(LEASE / 3);
    }
    hold.open();
    await jobs.stop();
    expect(runs).toEqual(["first"]);
    expect(await jobs.explain(id)).toMatchObject({ deaths: 0, failures: 0 });
    expect(await mine.get(id)).toMatchObject({
      status: "done",
      startedAt: new Date(startedAt),
      completedAt: new Date(startedAt),
      expiresAt: new Date(startedAt + STAY),
    });
  });

  it("a job that is cancelled while it runs ends no earlier than it began", async () => {
    const { wall, jobs, hold, startWork, mine } = await twoRunners();
    const id = await startWork();
    const startedAt = new Date(wall.now());
    wall.setBack(HOUR);
    expect(await mine.cancel(id)).toMatchObject({ status: "failed", startedAt, completedAt: startedAt });
    hold.open();
    await jobs.stop();
  });

  it("a runner that dies after its next heartbeat is taken over one lease later", async () => {
    const { clock, wall, first, jobs, other, hold, runs, startWork, mine } = await twoRunners();
    const id = await startWork();
    wall.setBack(HOUR);
    await clock.advance(LEASE / 3);
    first.die();
    await clock.advance(LEASE - 1);
    await other.runUntilIdle();
    expect(runs).toEqual(["first"]);
    await clock.advance(1);
    await other.runUntilIdle();
    expect(runs).toEqual(["first", "second"]);
    expect(await mine.get(id)).toMatchObject({ status: "done", result: "second" });
    hold.open();
    await jobs.stop();
    expect(await mine.get(id)).toMatchObject({ status: "done", result: "second" });
  });

  it("a runner that died before it is taken over when its lease ends by the new clock, as is shown", async () => {
    const { store, clock, wall, first, jobs, other, hold, runs, startWork, mine } = await twoRunners();
    const id = await startWork();
    const leaseUntil = wall.now() + LEASE;
    first.die();
    wall.setBack(HOUR);
    await clock.advance(HOUR + LEASE - 1);
    await other.runUntilIdle();
    expect(runs).toEqual(["first"]);
    expect(await stateOf(store, id, wall)).toMatchObject({ type: "running", leaseUntil });
    await clock.advance(1);
    await other.runUntilIdle();
    expect(runs).toEqual(["first", "second"]);
    expect(await mine.get(id)).toMatchObject({ status: "done", result: "second" });
    hold.open();
    await jobs.stop();
  });

  it("a retry waits for its moment by the new clock, as is shown, and is made then", async () => {
    const { store, clock, wall, other } = await twoRunners();
    const { id } = await other.as(blueBottle).create("flaky", null);
    await other.runUntilIdle();
    const runAt = wall.now() + 999;
    wall.setBack(HOUR);
    const done = new Promise((resolve) => other.on("job:done", resolve));
    await other.start();
    await clock.advance(HOUR + 998);
    expect(await stateOf(store, id, wall)).toEqual({ type: "delayed", runAt });
    await clock.advance(1);
    await done;
    expect(await other.explain(id)).toMatchObject({ failures: 1, state: { status: "done" } });
    await other.stop();
  });

  it("a finished job and what names it stay until the moment that was promised, by the new clock", async () => {
    const { clock, wall, other } = await twoRunners();
    const mine = other.as(blueBottle);
    const { id } = await mine.create("work", null, { idempotencyKey: "once" });
    await other.runUntilIdle();
    const before = await mine.get(id);
    wall.setBack(HOUR);
    await clock.advance(HOUR + STAY - 1);
    expect(await other.prune()).toEqual({ jobs: 0, files: 0 });
    expect(await mine.get(id)).toEqual(before);
    expect((await mine.create("work", null, { idempotencyKey: "once" })).id).toBe(id);
    await clock.advance(1);
    await expect(mine.get(id)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    expect(await other.prune()).toEqual({ jobs: 1, files: 0 });
  });

  it("jobs started afterwards run at once, after those from before, and are listed as the newest", async () => {
    const { wall, other, runs } = await twoRunners();
    const mine = other.as(blueBottle);
    const ran: string[] = [];
    other.on("job:started", ({ id }) => ran.push(id));
    const earlier = await mine.create("work", null);
    wall.setBack(HOUR);
    const later = await mine.create("work", null);
    await other.runUntilIdle();
    expect(runs).toEqual(["second", "second"]);
    expect(ran).toEqual([earlier.id, later.id]);
    expect((await mine.list()).jobs.map(({ id }) => id)).toEqual([later.id, earlier.id]);
  });
});
