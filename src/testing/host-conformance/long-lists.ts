import assert from "node:assert/strict";
import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { LIST_SLICE } from "../../http/list-stream.js";
import type { JobStore } from "../../store.js";
import { assertPrivate } from "./assertions.js";
import { callers } from "./callers.js";
import { begin } from "./exchange.js";
import { blueBottle, type HostCases, type Stage } from "./stage.js";

const LIST = "/api/v1/async-jobs";
const SHORT_SLICE = 2;

const pending = (id: string) => `{"id":"${id}","kind":"greeting","status":"pending"}`;
const listOf = (ids: readonly string[]) => `{"data":[${ids.map(pending).join(",")}]}`;

/** Starts so many jobs. Gives their IDs, newest first. */
async function startMany({ jobs }: Stage, count: number): Promise<readonly string[]> {
  const started = await jobs.as(blueBottle).createMany("greeting", Array<string>(count).fill(""));
  return started.map(({ id }) => id).reverse();
}

/**
 * Cuts lists into slices of two jobs, so that few jobs make a long list. Gives how many were read.
 *
 * @param onSlice is called after each, before anything of it is sent
 */
function cutShort(stage: Stage, onSlice: (count: number) => Promise<void>): () => number {
  let count = 0;
  stage.replaceList((list) => async (visibility, query, now) => {
    const slice = await list(visibility, { ...query, limit: SHORT_SLICE }, now);
    count += 1;
    await onSlice(count);
    return slice;
  });
  return () => count;
}

/** Moves the clock to when the job expires, and has it removed. */
async function expire({ jobs, clock }: Stage, id: string): Promise<void> {
  const job = await jobs.as(blueBottle).get(id);
  assert.ok(job.status !== "pending");
  clock.set(job.expiresAt.getTime());
  await jobs.prune();
}

/** Lists without a limit that are too long for one piece. */
export const longLists: HostCases = {
  "lists more than a thousand jobs to who names no limit: all, in order, and without a tag": async (
    stage,
  ) => {
    const older = await startMany(stage, 3);
    const ids = [...(await startMany(stage, LIST_SLICE)), ...older];
    const { status, headers, body } = await stage.ask(LIST);
    assert.ok(body === listOf(ids));
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "application/json; charset=utf-8");
    assert.deepEqual([headers["etag"], headers["content-length"]], [undefined, undefined]);
    const head = await stage.ask(LIST, { method: "HEAD", headers: { "If-None-Match": "*" } });
    assertPrivate(head);
    assert.deepEqual([head.status, head.body, head.headers["content-length"]], [200, "", undefined]);
  },

  "reads no more of a long list once its caller has hung up, and bothers nobody": async (stage) => {
    await startMany(stage, SHORT_SLICE);
    let slices = 0;
    stage.replaceList((list) => endless(list, () => (slices += 1)));
    const { response } = await begin(stage.origin, `${stage.mount}${LIST}`, { headers: callers.blueBottle });
    await once(response, "data");
    response.destroy();
    // The host learns of it by and by.
    for (let known = 0; known !== slices; ) {
      known = slices;
      assert.equal((await stage.ask(`${LIST}?limit=0`)).status, 400);
    }
    assert.deepEqual(stage.operatorErrors, []);
  },

  "keeps a long list whole when jobs expire while it is sent, also all that are left": async (stage) => {
    const oldest = await stage.start("greeting");
    const cancelled = await stage.start("greeting");
    await stage.ask(`${LIST}/${cancelled}/cancel`, { method: "POST" });
    await stage.jobs.runUntilIdle();
    const ids = await startMany(stage, 2 * SHORT_SLICE);
    for (const [expiring, left] of [
      [cancelled, [oldest]],
      [oldest, []],
    ] as const) {
      const slices = cutShort(stage, async (count) => {
        if (count === 2) await expire(stage, expiring);
      });
      const { data } = JSON.parse((await stage.ask(LIST)).body);
      assert.deepEqual(
        data.map(({ id }: { readonly id: string }) => id),
        [...ids, ...left],
      );
      assert.equal(slices(), 3);
    }
  },
};

/** The first slice again and again, each in a turn of its own, as a database would give it. */
function endless(list: JobStore["list"], onSlice: () => void): JobStore["list"] {
  return async (visibility, query, now) => {
    onSlice();
    await nextTurn();
    const { before: _, ...fromTheFirst } = query;
    return { ...(await list(visibility, fromTheFirst, now)), next: 1 };
  };
}
