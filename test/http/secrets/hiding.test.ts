import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { JobNotFoundError, type Principal } from "../../../src/index.js";
import { asker, asPrincipal, credentialsOf, mayRead, sees } from "./askers.js";
import { CSV, type Population, pause, plans, populate, type Resident } from "./population.js";
import { type Question, question, strangeIds, UNKNOWN } from "./questions.js";
import { type Ask, served } from "./served.js";
import { useStores } from "./stores.js";

/** Jobs of all owners and fates, and one who asks, at one moment. */
interface Scene extends Population {
  readonly as: Principal;
  readonly ask: Ask;
}

/** The jobs that the one who asks may see now, and the others. */
async function divide({ residents, as, isThere }: Scene) {
  const [visible, hidden]: [Resident[], Resident[]] = [[], []];
  for (const one of residents) {
    const shown = mayRead(as) && sees(as, one.owner) && (await isThere(one.id));
    (shown ? visible : hidden).push(one);
  }
  return { visible, hidden };
}

/** What all principals that there are see of the jobs. */
async function viewsOf({ jobs, residents, backstage }: Scene): Promise<unknown> {
  return Promise.all([
    ...residents.map(async ({ id, owner }) => [
      await jobs.explain(id),
      await outcomeOf(() => jobs.as(asPrincipal(owner)).get(id)),
    ]),
    ...backstage.map((id) => jobs.explain(id)),
  ]);
}

/** How a call ends, as far as who made it can tell. */
async function outcomeOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return { resolved: await call() };
  } catch (error) {
    assert.ok(error instanceof Error);
    return { rejected: error.constructor, ...error, message: error.message };
  }
}

/** By HTTP, the answers for all these IDs are one, whatever is asked. */
async function requireAlikeByHttp(
  { as, ask }: Scene,
  ids: readonly string[],
  questions: readonly Question[],
): Promise<void> {
  for (const headers of [credentialsOf(as), {}]) {
    for (const { pathOf, ...asked } of questions) {
      const question = { ...asked, headers: { ...asked.headers, ...headers } };
      const expected = await ask(pathOf(UNKNOWN), question);
      for (const id of ids) assert.deepEqual(await ask(pathOf(id), question), expected, id);
    }
  }
}

/** By every method of the accessor, too. */
async function requireAlikeByAccessor({ jobs, as }: Scene, ids: readonly string[]): Promise<void> {
  const accessor = jobs.as(as);
  const { respond } = accessor;
  const calls: readonly ((id: string) => Promise<unknown>)[] = [
    (id) => accessor.get(id),
    (id) => accessor.follow(id).next(),
    (id) => accessor.cancel(id),
    (id) => accessor.erase(id),
    (id) => accessor.openResult(id),
    (id) => accessor.openResult(id, { start: 0, end: 3 }),
    (id) => respond.get(id),
    (id) => respond.cancel(id),
    (id) => respond.erase(id),
    (id) => respond.openResult(id),
  ];
  for (const call of calls) {
    const expected = await outcomeOf(() => call(UNKNOWN));
    for (const id of ids) assert.deepEqual(await outcomeOf(() => call(id)), expected, id);
  }
}

/** Each job is answered with 200 or 404, the list shows just those with 200, and a file goes with its job. */
async function requireJustWhatIsVisible(scene: Scene): Promise<void> {
  const { as, ask, jobs, residents } = scene;
  const { visible, hidden } = await divide(scene);
  const headers = credentialsOf(as);
  const list = await ask("/api/v1/async-jobs", { headers });
  if (!mayRead(as)) {
    assert.equal(list.status, 403);
    return;
  }
  assert.equal(list.status, 200);
  const shown: readonly { readonly id: string }[] = JSON.parse(list.body).data;
  const newestFirst = visible.map(({ id }) => id).reverse();
  assert.deepEqual(
    shown.map(({ id }) => id),
    newestFirst,
  );
  assert.deepEqual(
    (await jobs.as(as).list()).jobs.map(({ id }) => id),
    newestFirst,
  );

  for (const { id } of hidden) {
    assert.equal((await ask(`/api/v1/async-jobs/${id}`, { headers })).status, 404);
    await assert.rejects(jobs.as(as).openResult(id), JobNotFoundError);
  }
  for (const { id } of visible)
    assert.equal((await ask(`/api/v1/async-jobs/${id}`, { headers })).status, 200);
  for (const one of residents) {
    const hasFile = visible.includes(one) && one.fate === "file";
    const path = `/async-jobs/${one.id}.csv`;
    const file = await ask(path, { headers });
    assert.equal(file.status, hasFile ? 200 : 404);
    assert.equal((await ask(path, { headers, method: "HEAD" })).status, file.status);
    if (!hasFile) continue;
    assert.equal(file.body, CSV);
    assert.equal(await text((await jobs.as(as).openResult(one.id)).stream), CSV);
  }
}

/** Milliseconds: some fifty populations take half of it on a slow machine. */
const LONG = 60_000;

describe.each(useStores())("with jobs in %s", (_name, { runs, open }) => {
  it("nothing that is asked tells a hidden job from none, at any moment, and nothing changes it", {
    timeout: LONG,
  }, async () => {
    const property = fc.asyncProperty(
      plans,
      asker,
      fc.array(question, { minLength: 1, maxLength: 3 }),
      strangeIds,
      fc.array(fc.record({ pause, prunes: fc.boolean() }), { maxLength: 2 }),
      async (plans, as, questions, strange, moments) => {
        const population = await populate(open(), plans);
        const { jobs, clock, residents, backstage } = population;
        await served(jobs, async (ask) => {
          const scene = { ...population, as, ask };
          for (const { pause, prunes } of [{ pause: 0, prunes: false }, ...moments]) {
            clock.set(clock.now() + pause);
            if (prunes) await jobs.prune();
            await requireJustWhatIsVisible(scene);
            const { hidden } = await divide(scene);
            const hiddenIds = [...hidden.map(({ id }) => id), ...backstage];
            const before = await viewsOf(scene);
            await requireAlikeByHttp(scene, hiddenIds, questions);
            await requireAlikeByAccessor(scene, hiddenIds);
            assert.deepEqual(await viewsOf(scene), before);
            const strangeIds = strange.map((idOf) => idOf(residents[0]?.id ?? UNKNOWN));
            await requireAlikeByHttp(scene, strangeIds, questions);
            await requireAlikeByAccessor(scene, strangeIds);
          }
        });
      },
    );
    await fc.assert(property, { numRuns: runs });
  });
});
