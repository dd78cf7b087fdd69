import { defineKind } from "async-jobs";
import autocannon from "autocannon";
import { openOurs, payload, shop } from "../contenders.js";
import type { Bench, Figures, Question, Targets } from "../question.js";
import { type Constants, type HostName, hosts } from "../served.js";

const JOBS = 1_000;
const CONNECTIONS = 50;
/** Seconds. */
const WARM_UP = 1;
const DURATION = 3;

interface Poll {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

/** By what its figures are called. */
type Polls = Readonly<Record<string, Poll>>;

async function openFinishedJobs(bench: Bench) {
  const reindex = defineKind("reindex", { run: () => "1,234 products were indexed in 56 catalogs." });
  const jobs = openOurs(bench, [reindex]);
  const [first] = await jobs.as(shop).createMany("reindex", Array(JOBS).fill(payload));
  await jobs.runUntilIdle();
  const path = `/api/v1/async-jobs/${first?.id}`;
  const { ETag: tag = "" } = (await jobs.as(shop).respond.get(first?.id ?? "")).headers;
  const polls: Polls = {
    "poll, 200": { path, headers: {}, status: 200 },
    "poll, 304": { path, headers: { "If-None-Match": tag }, status: 304 },
    "list of 100": { path: "/api/v1/async-jobs?limit=100", headers: {}, status: 200 },
  };
  return { jobs, polls };
}

/** What every server sets for itself. */
const SERVERS_OWN: readonly string[] = ["connection", "date", "keep-alive", "transfer-encoding"];

/** Our very answers, with their headers. */
async function constantsOf(url: string, polls: Polls): Promise<Constants> {
  const constants: Record<string, Constants[string]> = {};
  for (const [name, { path, headers }] of Object.entries(polls)) {
    const answer = await fetch(url + path, { headers });
    const kept = [...answer.headers].filter(([header]) => !SERVERS_OWN.includes(header));
    const body = await answer.text();
    constants[constantPath(name)] = { status: answer.status, headers: Object.fromEntries(kept), body };
  }
  return constants;
}

/** A 200 and a 304 of one path are two constants. */
function constantPath(name: string): string {
  return `/${name.replaceAll(/\W+/g, "-")}`;
}

/** The callers are in a thread of their own. */
async function measure(url: string, polls: Polls): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const [name, { path, headers, status }] of Object.entries(polls)) {
    const load = { url: url + path, headers, connections: CONNECTIONS, workers: 1 };
    await autocannon({ ...load, duration: WARM_UP });
    const { requests, latency, errors, statusCodeStats } = await autocannon({ ...load, duration: DURATION });
    const statuses = Object.keys(statusCodeStats ?? {}).join(", ");
    if (errors > 0 || statuses !== String(status)) {
      throw new Error(`${name}: ${errors} errors, and answers ${statuses}`);
    }
    figures[`${name}, requests/s`] = requests.average;
    figures[`${name}, p99 ms`] = latency.p99;
  }
  return figures;
}

const AT_LEAST: Targets[string] = { atLeast: 0.8 };
const AT_MOST: Targets[string] = { atMost: 1.25 };

/** The same polls on one host, beside the same answers as constants. */
export function questionOn(name: HostName): Question {
  const host = hosts[name];
  return {
    title: `polls and a list on ${name}, ${CONNECTIONS} connections`,
    unit: "figure",
    durable: false,
    contenders: {
      async ours(bench) {
        const { jobs, polls } = await openFinishedJobs(bench);
        return measure(await host.ours(jobs), polls);
      },
      async constant(bench) {
        const { jobs, polls } = await openFinishedJobs(bench);
        const constants = await constantsOf(await hosts["node:http"].ours(jobs), polls);
        const constantPolls = Object.entries(polls).map(
          ([figure, poll]) => [figure, { ...poll, path: constantPath(figure) }] as const,
        );
        return measure(await host.constant(constants), Object.fromEntries(constantPolls));
      },
    },
    ratios: () => [
      {
        of: "ours",
        to: "constant",
        targets: {
          "poll, 200, requests/s": AT_LEAST,
          "poll, 200, p99 ms": AT_MOST,
          "poll, 304, requests/s": AT_LEAST,
          "poll, 304, p99 ms": AT_MOST,
          "list of 100, requests/s": AT_LEAST,
          "list of 100, p99 ms": AT_MOST,
        },
      },
    ],
  };
}
