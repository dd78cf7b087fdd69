import { readdir } from "node:fs/promises";
import { auditOf, type StoredJob, storedJobs, watchOutcomes } from "../processes/audit.js";
import { REFUSAL, rowsOf, sentenceOf } from "../processes/kinds.js";
import { databaseIn } from "../processes/place.js";
import { look, type Sight } from "../processes/sight.js";
import { openEngine, resultsIn, ShiftedClock, shop } from "./engine.js";
import { BRIEF, ROWS } from "./kinds.js";
import { toldIn } from "./telling.js";
import type { WorkloadMessage } from "./workload.child.js";

/**
 * Starts an engine on what a crash left behind, after its leases ran out, lets it come to rest, and compares
 * with what the workload told before it died. Gives back what is wrong, in sentences.
 */
export async function restart(
  folder: string,
  told: readonly WorkloadMessage[],
  shift: number,
): Promise<readonly string[]> {
  const clock = new ShiftedClock(shift);
  const jobs = openEngine(folder, clock, async () => {});
  const mine = jobs.as(shop);
  const sights = async (): Promise<readonly Sight[]> =>
    Promise.all((await mine.list()).jobs.map(({ id }) => look(mine, id)));
  try {
    await watchOutcomes(databaseIn(folder));
    await jobs.runUntilIdle();
    await jobs.prune();
    const stored = await storedJobs(databaseIn(folder));
    const first = await sights();
    const problems = [
      ...accepted(told, stored, (await auditOf(databaseIn(folder))).removed),
      ...finished(stored),
      ...(await witnessed(folder)),
      ...first.flatMap(asExpected),
      ...unchanged(
        told.flatMap((message) => (message.type === "saw" ? [message.sight] : [])),
        first,
      ),
      ...cancelled(told, first),
      ...webhooks(folder, told, stored),
      ...(await filesOf(folder, stored)),
    ];
    clock.shift += 2 * BRIEF;
    await jobs.prune();
    const left = await storedJobs(databaseIn(folder));
    const second = await sights();
    return [
      ...problems,
      ...left.filter(({ kind }) => kind === "brief").map(({ id }) => `${id} has expired and is still there`),
      ...unchanged(first, second),
      ...(await filesOf(folder, left)),
      ...(await witnessed(folder)),
    ];
  } finally {
    await jobs.close({ grace: 1 });
  }
}

function accepted(
  told: readonly WorkloadMessage[],
  stored: readonly StoredJob[],
  removed: ReadonlySet<string>,
): string[] {
  const ids = new Set(stored.map(({ id }) => id));
  return told.flatMap((message) => {
    if (message.type !== "accepted" || ids.has(message.id)) return [];
    return message.kind === "brief" && removed.has(message.id)
      ? []
      : [`${message.id} was accepted and is gone`];
  });
}

function finished(stored: readonly StoredJob[]): string[] {
  return stored
    .filter(({ isFinished }) => !isFinished)
    .map(({ id, kind }) => `${id}, ${kind}, never finishes`);
}

async function witnessed(folder: string): Promise<string[]> {
  const { outcomes, changed, lost } = await auditOf(databaseIn(folder));
  return [
    ...[...outcomes].filter(([, count]) => count !== 1).map(([id, count]) => `${id} got ${count} outcomes`),
    ...changed.map((id) => `${id} changed after its outcome`),
    ...lost.map((id) => `${id} was removed without an outcome`),
  ];
}

/** Nobody cancels it, or somebody does: what came of a job is what its kind makes of its payload. */
function asExpected({ id, kind, status, outcome = "", content }: Sight): string[] {
  const isRight = ((): boolean => {
    switch (kind) {
      case "refused":
        return status === "failed" && outcome.includes(REFUSAL);
      case "rows":
      case "brief":
      case "interrupted":
        return status === "done" && content === rowsOf(`my ${kind}`, ROWS);
      default:
        return status === "done" ? outcome.includes(sentenceOf("my ")) : outcome.includes("cancelled");
    }
  })();
  return isRight ? [] : [`${id}, ${kind}, is ${status} with ${outcome} ${content ?? ""}`];
}

/** What was seen finished stays so, with the same result. */
function unchanged(before: readonly Sight[], after: readonly Sight[]): string[] {
  const now = new Map(after.map((sight) => [sight.id, sight]));
  return before.flatMap((then) => {
    const same = now.get(then.id);
    if (then.status === "pending" || (same === undefined && then.kind === "brief")) return [];
    return JSON.stringify(same) === JSON.stringify(then)
      ? []
      : [`${then.id} was ${JSON.stringify(then)} and is ${JSON.stringify(same)}`];
  });
}

function cancelled(told: readonly WorkloadMessage[], sights: readonly Sight[]): string[] {
  return told.flatMap((message) => {
    if (message.type !== "cancelled") return [];
    const sight = sights.find(({ id }) => id === message.id);
    return sight?.status === message.status
      ? []
      : [`${message.id} was ${message.status} once it was cancelled`];
  });
}

/** Whoever wants to hear of jobs has heard of each, and never two things. */
function webhooks(
  folder: string,
  told: readonly WorkloadMessage[],
  stored: readonly StoredJob[],
): readonly string[] {
  const heard = toldIn(folder);
  const ids = new Set([
    ...told.flatMap((message) => (message.type === "accepted" ? [message.id] : [])),
    ...stored.flatMap(({ id, kind }) => (kind.startsWith("webhook/") ? [] : [id])),
  ]);
  return [
    ...[...ids].filter((id) => !heard.has(id)).map((id) => `nobody was told of ${id}`),
    ...[...heard].flatMap(([id, bodies]) => (bodies.size === 1 ? [] : [`${id} was told as ${[...bodies]}`])),
  ];
}

/** The files that are there are those of the jobs that are done. */
async function filesOf(folder: string, stored: readonly StoredJob[]): Promise<string[]> {
  const files = new Set(await readdir(resultsIn(folder)).catch(() => []));
  const keys = new Set(stored.flatMap(({ fileKey }) => (fileKey === null ? [] : [fileKey])));
  return [
    ...[...files].filter((name) => !keys.has(name)).map((name) => `no job has the file ${name}`),
    ...[...keys].filter((key) => !files.has(key)).map((key) => `the file ${key} of a job is not there`),
  ];
}
