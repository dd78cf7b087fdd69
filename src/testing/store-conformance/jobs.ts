import assert from "node:assert/strict";
import type { Claim, ClaimedJob, JobResult, NewJob, Outcome, Settlement, VisibleJob } from "../../job.js";
import type { Cancellation, ClaimResponse, JobExplanation, JobStore } from "../../store.js";

/** When the cases begin, in epoch milliseconds. */
export const START = Date.UTC(2026, 0, 5);
export const LEASE = 30_000;
export const WEEK = 7 * 24 * 60 * 60 * 1000;

/** What jobs are, where a case does not say. */
export const KIND = "export";
export const SHOP = "blue-bottle";
export const OF_SHOP = { shop: SHOP };

let made = 0;

/** A job with an ID of its own. */
export function newJob(facts: Partial<NewJob> = {}): NewJob {
  made += 1;
  const id = `job-${made.toString().padStart(8, "0")}`;
  return { id, kind: KIND, shop: SHOP, payload: "null", createdAt: START, ...facts };
}

export function newJobs(count: number, facts: Partial<NewJob> = {}): readonly NewJob[] {
  return Array.from({ length: count }, () => newJob(facts));
}

/** Inserts one job. */
export async function start(store: JobStore, facts: Partial<NewJob> = {}, now = START): Promise<NewJob> {
  const job = newJob(facts);
  assert.deepEqual(await store.insert([job], now), [{ id: job.id, created: true }]);
  return job;
}

/** Inserts jobs, in one call. */
export async function startMany(
  store: JobStore,
  count: number,
  facts: Partial<NewJob> = {},
): Promise<readonly NewJob[]> {
  const jobs = newJobs(count, facts);
  await store.insert(jobs, START);
  return jobs;
}

interface ClaimOptions {
  readonly kinds?: readonly string[];
  readonly limit?: number;
  readonly now?: number;
  readonly leaseMs?: number;
}

/** Claims of each kind whatever there is, up to `limit` in all. */
export function claim(store: JobStore, options: ClaimOptions = {}): Promise<ClaimResponse> {
  const { kinds = [KIND], limit = 1000, now = START, leaseMs = LEASE } = options;
  return store.claim({
    kinds: kinds.map((kind) => ({ kind, limit: Number.POSITIVE_INFINITY })),
    ...{ limit, leaseMs, now },
  });
}

/** Claims one job, which must be there. */
export async function claimOne(store: JobStore, options: ClaimOptions = {}): Promise<ClaimedJob> {
  const { claimed } = await claim(store, { ...options, limit: 1 });
  const [job] = claimed;
  assert.ok(job !== undefined, "a job can be claimed");
  return job;
}

/** Starts one job and claims it. */
export async function startAndClaim(store: JobStore, facts: Partial<NewJob> = {}): Promise<ClaimedJob> {
  const { id, kind } = await start(store, facts);
  const claimed = await claimOne(store, { kinds: [kind] });
  assert.equal(claimed.id, id);
  return claimed;
}

export function idsOf(jobs: readonly { readonly id: string }[]): readonly string[] {
  return jobs.map(({ id }) => id);
}

/** Just what tells one claim from another. */
export function claimOf({ id, fence }: Claim): Claim {
  return { id, fence };
}

export const TEXT: JobResult = { type: "text", text: "42 recipients" };

export function fileResult(key: string, bytes = 2048): JobResult {
  return { type: "file", file: { key, bytes }, contentType: "text/csv", extension: "csv" };
}

interface Ending {
  readonly now?: number;
  readonly expiresAt?: number;
}

export function done(claim: Claim, result = TEXT, { now = START, expiresAt = now + WEEK }: Ending = {}) {
  return settlement(claim, { type: "done", result, completedAt: now, expiresAt });
}

export function failed(
  claim: Claim,
  error = "The newsletter is gone.",
  { now = START, expiresAt = now + WEEK }: Ending = {},
) {
  return settlement(claim, { type: "failed", error, detail: "no such row", completedAt: now, expiresAt });
}

export function retry(claim: Claim, runAt: number, detail = "timed out") {
  return settlement(claim, { type: "retry", runAt, detail });
}

/** Hands a job back of which an attempt has begun. */
export function release(claim: Claim) {
  return settlement(claim, { type: "release", begun: true });
}

/** Hands a job back that was claimed ahead and never began. */
export function releaseUnbegun(claim: Claim) {
  return settlement(claim, { type: "release", begun: false });
}

function settlement({ id, fence }: Claim, outcome: Outcome): Settlement {
  return { id, fence, outcome };
}

export function cancellation(
  { id }: { readonly id: string },
  facts: Partial<Cancellation> = {},
): Cancellation {
  const error = "The job was cancelled.";
  return { id, visibility: OF_SHOP, error, now: START, expiresAt: START + WEEK, ...facts };
}

/** Settles one claim, which must take effect. */
export async function settle(store: JobStore, one: Settlement, now = START): Promise<void> {
  assert.deepEqual(await store.settle([one], now), [true]);
}

/** Starts a job and finishes it with a result. */
export async function finish(
  store: JobStore,
  facts: Partial<NewJob> = {},
  ending: Ending & { readonly result?: JobResult } = {},
): Promise<ClaimedJob> {
  const claimed = await startAndClaim(store, facts);
  await settle(store, done(claimed, ending.result, ending));
  return claimed;
}

/** The job as its shop sees it. */
export async function found(
  store: JobStore,
  { id }: { readonly id: string },
  now = START,
): Promise<VisibleJob> {
  const job = await store.find(id, OF_SHOP, now);
  assert.ok(job !== undefined, "the shop sees its job");
  return job;
}

export async function explained(
  store: JobStore,
  { id }: { readonly id: string },
  now = START,
): Promise<JobExplanation> {
  const explanation = await store.explain(id, now);
  assert.ok(explanation !== undefined, "the store knows the job");
  return explanation;
}

/** Fails the case if any item comes twice. */
export function requireDistinct(items: readonly string[]): void {
  assert.equal(new Set(items).size, items.length, "none comes twice");
}
