import * as fc from "fast-check";
import { fileKeyOf } from "../../src/index.js";
import { APPS, KEYS, kind, nearby, SHOPS, visibility } from "./arguments.js";
import { type Asked, START, stepOf, type World } from "./world.js";

const finding = stepOf("finding", fc.record({ job: nearby, visibility }), (world, { job, visibility }) => {
  const id = world.idOf(job);
  const { now } = world;
  return {
    expected: world.reference.find(id, visibility, now),
    call: (store) => store.find(id, visibility, now),
  };
});

const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

const listing = stepOf(
  "listing",
  fc.record({
    visibility,
    limit: optional(fc.integer({ min: 1, max: 5 })),
    status: optional(fc.constantFrom("pending" as const, "done" as const, "failed" as const)),
    kind: optional(kind),
    after: optional(nearby),
  }),
  (world, { visibility, limit, status, kind, after }) => {
    const place = after === undefined ? undefined : world.pick(world.places, after);
    const filter = { ...(status && { status }), ...(kind && { kind }) };
    const { now } = world;
    const all = world.reference.list(visibility, { ...filter, ...(place && { before: place.known }) }, now);
    const page = all.slice(0, limit);
    const next = page.length < all.length ? page.at(-1)?.number : undefined;
    return {
      expected: { jobs: page.map(({ job }) => job), hasNext: next !== undefined },
      async call(store) {
        const query = { ...filter, ...(limit && { limit }), ...(place && { before: place.real }) };
        const { jobs, next: real } = await store.list(visibility, query, now);
        if (real !== undefined && next !== undefined) world.places.push({ real, known: next });
        return { jobs, hasNext: real !== undefined };
      },
    };
  },
);

const sweeping = stepOf(
  "sweeping",
  fc.array(fc.record({ claim: nearby, fence: fc.constantFrom(0, 0, -1, 1) }), { minLength: 1, maxLength: 6 }),
  (world, wanted) => {
    const keys = wanted.flatMap(({ claim: number, fence }) => {
      const claim = world.pick(world.claims, number);
      return claim === undefined ? [] : [fileKeyOf({ id: claim.id, fence: claim.fence + fence })];
    });
    return {
      expected: world.reference.unreferencedFiles(keys),
      call: (store) => store.unreferencedFiles(keys),
    };
  },
);

const counting = stepOf("counting", fc.constant(undefined), (world) => {
  const { now } = world;
  return { expected: world.reference.stats(now), call: (store) => store.stats(now) };
});

const explaining = stepOf("explaining", nearby, (world, job) => {
  const id = world.idOf(job);
  const { now } = world;
  return { expected: world.reference.explain(id, now), call: (store) => store.explain(id, now) };
});

const lining = stepOf(
  "lining",
  fc.record({ shop: fc.constantFrom(...SHOPS), kind }),
  (world, { shop, kind }) => ({
    expected: world.reference.line(shop, kind),
    call: (store) => store.line(shop, kind),
  }),
);

const countingWaiting = stepOf(
  "counting those that wait",
  fc.record({
    shop: fc.constantFrom(...SHOPS),
    kind,
    among: fc.integer({ min: 1, max: 9 }),
    upTo: fc.integer({ min: 1, max: 4 }),
  }),
  (world, { shop, kind, ...bounds }) => ({
    expected: world.reference.countWaiting(shop, kind, bounds),
    call: (store) => store.countWaiting(shop, kind, bounds),
  }),
);

const keying = stepOf(
  "keying",
  fc.record({ owner: visibility, kind, key: fc.constantFrom(...KEYS) }),
  (world, { owner, kind, key }) => {
    const job = { id: "job-0", payload: "0", createdAt: START, kind, ...owner, idempotencyKey: key };
    const { now } = world;
    return { expected: world.reference.knowsKey(job, now), call: (store) => store.knowsKey(job, now) };
  },
);

/** Steps that change nothing. */
export const reading = fc.oneof(
  finding,
  listing,
  sweeping,
  counting,
  explaining,
  lining,
  countingWaiting,
  keying,
);

/** Everything that can be asked of every job, at the end. */
export function inspect(world: World): Asked {
  const { now, reference, claims } = world;
  const ids = world.inserted.map(({ id }) => id);
  const keys = claims.map(fileKeyOf);
  const everyone = SHOPS.flatMap((shop) => APPS.map((app) => (app === undefined ? { shop } : { shop, app })));
  return {
    expected: {
      lists: everyone.map((visibility) => reference.list(visibility, {}, now).map(({ job }) => job)),
      explained: ids.map((id) => reference.explain(id, now)),
      files: reference.unreferencedFiles(keys),
      stats: reference.stats(now),
    },
    call: async (store) => ({
      lists: await Promise.all(
        everyone.map(async (visibility) => (await store.list(visibility, {}, now)).jobs),
      ),
      explained: await Promise.all(ids.map((id) => store.explain(id, now))),
      files: await store.unreferencedFiles(keys),
      stats: await store.stats(now),
    }),
  };
}
