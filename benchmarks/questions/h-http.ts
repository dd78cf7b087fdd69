import { createServer, type RequestListener, type Server } from "node:http";
import { defineKind } from "async-jobs";
import { asyncJobsRouter } from "async-jobs/express";
import { asyncJobsHandler } from "async-jobs/node";
import autocannon from "autocannon";
import express from "express";
import { openOurs, payload, shop } from "../contenders.js";
import type { Bench, Figures, Question } from "../question.js";

const JOBS = 1_000;
const CONNECTIONS = 50;
/** Seconds. */
const WARM_UP = 1;
const DURATION = 4;

async function openFinishedJobs(bench: Bench) {
  const reindex = defineKind("reindex", { run: () => "1,234 products were indexed in 56 catalogs." });
  const jobs = openOurs(bench, [reindex]);
  const [first] = await jobs.as(shop).createMany("reindex", Array(JOBS).fill(payload));
  await jobs.runUntilIdle();
  const paths = {
    "one job": `/api/v1/async-jobs/${first?.id}`,
    "list of 100": "/api/v1/async-jobs?limit=100",
  };
  return { jobs, paths };
}

type Opened = Awaited<ReturnType<typeof openFinishedJobs>>;

const authenticate = () => shop;

/** What the framework does by itself: our very bodies, as constants. */
async function constantsOf({ jobs, paths }: Opened): Promise<ReadonlyMap<string, string>> {
  const server = await listen(createServer(onNode(jobs)));
  const constants = new Map<string, string>();
  for (const path of Object.values(paths))
    constants.set(path, await (await fetch(urlOf(server, path))).text());
  server.close();
  return constants;
}

function onNode(jobs: Opened["jobs"]): RequestListener {
  const handle = asyncJobsHandler(jobs, { authenticate });
  return (request, response) => void handle(request, response);
}

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function urlOf(server: Server, path: string): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen");
  return `http://127.0.0.1:${address.port}${path}`;
}

/** The callers are in a thread of their own. */
async function measure(
  bench: Bench,
  listener: (opened: Opened) => Promise<RequestListener>,
): Promise<Figures> {
  const opened = await openFinishedJobs(bench);
  const server = await listen(createServer(await listener(opened)));
  const figures: Record<string, number> = {};
  for (const [figure, path] of Object.entries(opened.paths)) {
    const load = { url: urlOf(server, path), connections: CONNECTIONS, workers: 1 };
    await autocannon({ ...load, duration: WARM_UP });
    const { requests, errors, non2xx } = await autocannon({ ...load, duration: DURATION });
    if (errors + non2xx > 0) throw new Error(`${errors} errors, ${non2xx} answers other than 2xx`);
    figures[figure] = requests.average;
  }
  return figures;
}

export const question: Question = {
  title: "GET of one finished job and of a list of 100, 50 connections",
  unit: "requests/s",
  durable: false,
  contenders: {
    "ours on Express": (bench) =>
      measure(bench, async ({ jobs }) => express().use(asyncJobsRouter(jobs, { authenticate }))),
    "constant on Express": (bench) =>
      measure(bench, async (opened) => {
        const constants = await constantsOf(opened);
        return express().use((request, response) => {
          response.type("json").send(constants.get(request.url));
        });
      }),
    "ours on node:http": (bench) => measure(bench, async ({ jobs }) => onNode(jobs)),
    "constant on node:http": (bench) =>
      measure(bench, async (opened) => {
        const constants = await constantsOf(opened);
        return (request, response) => {
          const body = constants.get(request.url ?? "") ?? "";
          response.writeHead(200, { "Content-Type": "application/json; charset=utf-8" }).end(body);
        };
      }),
  },
  ratios: () => [
    {
      of: "ours on Express",
      to: "constant on Express",
      targets: { "one job": { atLeast: 0.85 }, "list of 100": { atLeast: 0.85 } },
    },
    {
      of: "ours on node:http",
      to: "constant on node:http",
      targets: { "one job": { atLeast: 0.6 }, "list of 100": { atLeast: 0.6 } },
    },
  ],
};
