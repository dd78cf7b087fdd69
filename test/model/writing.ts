import * as fc from "fast-check";
import { type Claim, fileKeyOf, type NewJob, type Outcome, type Visibility } from "../../src/index.js";
import { KEYS, kind, millis, nearby, visibility } from "./arguments.js";
import { START, type Step, stepOf, type World } from "./world.js";

/** A job of its own that another's end is to start; undefined for none. */
const follower = fc.option(fc.record({ kind, owner: visibility }), { nil: undefined });

function followUpOf(world: World, wanted: { kind: string; owner: Visibility } | undefined) {
  if (wanted === undefined) return undefined;
  world.started += 1;
  const { started } = world;
  const { kind, owner } = wanted;
  const job = { id: `job-${started}`, payload: `${started}`, createdAt: START + started, kind, ...owner };
  world.inserted.push(job);
  return { followUp: job };
}

const inserting = stepOf(
  "inserting",
  fc.array(
    fc.record({
      kind,
      owner: visibility,
      key: fc.option(fc.constantFrom(...KEYS), { nil: undefined }),
      again: fc.option(fc.record({ job: nearby, by: fc.constantFrom("id", "key") }), {
        nil: undefined,
        freq: 4,
      }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  (world, wanted) => {
    const jobs = wanted.map(({ kind, owner, key, again }) => {
      world.started += 1;
      const { started } = world;
      const fresh = { id: `job-${started}`, payload: `${started}`, createdAt: START + started };
      const other = { ...fresh, kind, ...owner, ...(key && { idempotencyKey: key }) };
      const earlier = world.pick(world.inserted, again?.job ?? 0) ?? other;
      const job: NewJob =
        again === undefined
          ? other
          : again.by === "id"
            ? { ...other, id: earlier.id }
            : { ...earlier, ...fresh };
      world.inserted.push(job);
      return job;
    });
    const { now } = world;
    return { expected: world.reference.insert(jobs, now), call: (store) => store.insert(jobs, now) };
  },
);

const claiming = stepOf(
  "claiming",
  fc.record({
    kinds: fc.uniqueArray(fc.record({ kind, limit: fc.constantFrom(0, 1, 2, 5, Infinity) }), {
      selector: (wanted) => wanted.kind,
      minLength: 1,
    }),
    limit: fc.constantFrom(1, 1, 2, 3, 10, 0),
    leaseMs: fc.integer({ min: 1, max: 20 }),
  }),
  (world, wanted) => {
    const request = { ...wanted, now: world.now };
    const { rescued, ...expected } = world.reference.claim(request);
    world.claims.push(...expected.claimed.map(({ id, fence }) => ({ id, fence })));
    return {
      expected: { ...expected, rescued: sorted(rescued) },
      async call(store) {
        const response = await store.claim(request);
        return { ...response, rescued: sorted(response.rescued) };
      },
    };
  },
);

const renewing = stepOf(
  "renewing",
  fc.record({
    reports: fc.array(
      fc.record({
        claim: nearby,
        cursor: fc.option(fc.nat(9), { nil: undefined }),
        withFile: fc.boolean(),
        progress: fc.option(fc.nat(9), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    leaseMs: fc.integer({ min: 1, max: 20 }),
  }),
  (world, { reports, leaseMs }) => {
    const renewals = reports.flatMap(({ claim: number, cursor, withFile, progress }) => {
      const claim = world.pick(world.claims, number);
      if (claim === undefined) return [];
      const file = withFile ? { file: { key: fileKeyOf(claim), bytes: number } } : undefined;
      const checkpoint = cursor === undefined ? undefined : { checkpoint: { cursor, ...file } };
      return [
        {
          ...claim,
          ...checkpoint,
          ...(progress === undefined ? undefined : { progress: { done: progress } }),
        },
      ];
    });
    const { now } = world;
    return {
      expected: world.reference.renew(renewals, leaseMs, now),
      call: (store) => store.renew(renewals, leaseMs, now),
    };
  },
);

type Release = "release" | "release unbegun";

interface Ending {
  readonly type: "text" | "file" | "failed" | "failed without detail" | "retry" | Release;
  readonly claim: number;
  /** Milliseconds until the retry, or until the job expires. */
  readonly after: number;
  readonly follower: { readonly kind: string; readonly owner: Visibility } | undefined;
}

const ending: fc.Arbitrary<Ending> = fc.record({
  type: fc.constantFrom(
    "text",
    "file",
    "failed",
    "failed without detail",
    "retry",
    "release",
    "release unbegun",
  ),
  claim: nearby,
  after: millis,
  follower,
});

function outcomeOf({ type, claim: number, after }: Ending, claim: Claim, now: number): Outcome {
  const finished = { completedAt: now, expiresAt: now + after };
  switch (type) {
    case "text":
      return { type: "done", result: { type: "text", text: `result ${number}` }, ...finished };
    case "file": {
      const file = { key: fileKeyOf(claim), bytes: number };
      return {
        type: "done",
        result: {
          ...{ type: "file", file, contentType: "text/csv", extension: "csv" },
          ...(number % 2 === 0 && { digest: `digest ${number}` }),
        },
        ...finished,
      };
    }
    case "failed":
      return { type: "failed", error: "It failed.", detail: `because ${number}`, ...finished };
    case "failed without detail":
      return { type: "failed", error: "It failed.", ...finished };
    case "retry":
      return { type: "retry", runAt: now + after, detail: `again ${number}` };
    case "release":
      return { type: "release", begun: true };
    case "release unbegun":
      return { type: "release", begun: false };
  }
}

const settling = stepOf("settling", fc.array(ending, { minLength: 1, maxLength: 4 }), (world, endings) => {
  const { now } = world;
  const settlements = endings.flatMap((one) => {
    const claim = world.pick(world.claims, one.claim);
    return claim === undefined
      ? []
      : [{ ...claim, outcome: outcomeOf(one, claim, now), ...followUpOf(world, one.follower) }];
  });
  return {
    expected: world.reference.settle(settlements, now),
    call: (store) => store.settle(settlements, now),
  };
});

const cancelling = stepOf(
  "cancelling",
  fc.record({ job: nearby, visibility, after: millis, follower }),
  (world, { job, visibility, after, follower }) => {
    const id = world.idOf(job);
    const { now } = world;
    const failure = { error: `cancelled ${after}`, now, expiresAt: now + after };
    const cancellation = { id, visibility, ...failure, ...followUpOf(world, follower) };
    return {
      expected: world.reference.cancel(cancellation),
      call: (store) => store.cancel(cancellation),
    };
  },
);

const erasing = stepOf("erasing", fc.record({ job: nearby, visibility }), (world, { job, visibility }) => {
  const id = world.idOf(job);
  const { now } = world;
  const known = world.reference.erase(id, visibility, now);
  const ofAllClaims = known?.type === "erased" ? known.fence : 0;
  return {
    expected: known && { type: known.type, coversClaims: true },
    async call(store) {
      const erasure = await store.erase(id, visibility, now);
      const fence = erasure?.type === "erased" ? erasure.fence : 0;
      return erasure && { type: erasure.type, coversClaims: fence >= ofAllClaims };
    },
  };
});

const expiring = stepOf("expiring", fc.integer({ min: 1, max: 6 }), (world, most) => {
  const { now } = world;
  const { limit, removed, files } = world.reference.expire(now, most);
  return {
    expected: { removed, files },
    async call(store) {
      const expired = await store.expire(now, limit);
      return { removed: expired.removed, files: [...expired.files].sort() };
    },
  };
});

/** Steps that change something. */
export const writing = fc.oneof(
  { weight: 4, arbitrary: inserting },
  { weight: 5, arbitrary: claiming },
  { weight: 2, arbitrary: renewing },
  { weight: 5, arbitrary: settling },
  { weight: 2, arbitrary: cancelling },
  { weight: 1, arbitrary: erasing },
  { weight: 2, arbitrary: expiring },
);

/** Calls that come together must do as if they came one after another. */
export const together = fc.array(writing, { minLength: 2, maxLength: 4 }).map(
  (steps): Step => ({
    said: `together [${steps.map(({ said }) => said).join("; ")}]`,
    ask(world) {
      const asked = steps.map((step) => step.ask(world));
      return {
        expected: asked.map(({ expected }) => expected),
        call: (store) => Promise.all(asked.map(({ call }) => call(store))),
      };
    },
  }),
);

function sorted<Item extends { readonly id: string }>(items: readonly Item[]): readonly Item[] {
  return [...items].sort((one, other) => (one.id < other.id ? -1 : 1));
}
