import { readdir } from "node:fs/promises";
import { auditOf, storedJobs, watchOutcomes } from "../processes/audit.js";
import { startChild } from "../processes/child.js";
import type { Compiled } from "../processes/compiled.js";
import { resultsIn } from "../processes/engine.js";
import { databaseIn } from "../processes/place.js";
import { Client, newExperience } from "./client.js";
import { type Death, Killer } from "./killer.js";
import { chaosKinds } from "./kinds.js";
import { serve } from "./web.js";
import type { ChaosWorkerMessage, ChaosWorkerSettings } from "./worker.child.js";

const WORKERS = 4;
const CLIENTS = 8;
/** Milliseconds. */
export const LEASE = 1000;
/** Milliseconds between two kills, on average. */
const PAUSE = 300;

export interface ChaosReport {
  readonly kills: number;
  /** Answered with 201. */
  readonly jobs: number;
  readonly polls: number;
  /** Runs of a handler beyond the first of each attempt. */
  readonly duplicateRuns: number;
  /** Failed after three of their runners were killed. */
  readonly givenUp: number;
  readonly outcomesLost: number;
  readonly outcomesTwice: number;
  /** Milliseconds from a kill to the start of a job that was left, in another worker; sorted. */
  readonly takeovers: readonly number[];
  /** In sentences: whatever was not as it should be. */
  readonly problems: readonly string[];
}

/** Four workers, one of which is killed again and again, and clients who follow their jobs all the while. */
export async function chaos(
  compiled: Compiled,
  folder: string,
  mayGoOn: (kills: number, jobs: number) => boolean,
): Promise<ChaosReport> {
  const web = await serve(folder, { kinds: chaosKinds });
  const file = databaseIn(folder);
  await watchOutcomes(file);
  const settings: ChaosWorkerSettings = { folder, lease: LEASE };
  const killer = new Killer(WORKERS, () =>
    startChild<ChaosWorkerMessage>(compiled.path("chaos/worker.child"), settings),
  );
  const experience = newExperience();
  const { accepted, finished, givenUp, problems } = experience;
  const clients = Array.from({ length: CLIENTS }, (_, n) => new Client(web.url, `client-${n}`, experience));
  try {
    const goesOn = (): boolean => mayGoOn(killer.deaths.length, accepted.length);
    await Promise.all([killer.run(PAUSE, goesOn), ...clients.map((client) => client.run(goesOn))]);
    for (const id of finished.keys()) await clients[0]?.lookAgainAt(id);
    await web.jobs.prune();

    const { outcomes, changed, lost } = await auditOf(file);
    const { told } = killer;
    return {
      kills: killer.deaths.length,
      jobs: accepted.length,
      polls: experience.polls,
      duplicateRuns: duplicatesIn(told),
      givenUp: givenUp.size,
      outcomesLost: accepted.filter((id) => !outcomes.has(id) || !finished.has(id)).length + lost.length,
      outcomesTwice: [...outcomes.values()].filter((count) => count > 1).length + changed.length,
      takeovers: takeoversOf(killer.deaths, told),
      problems: [
        ...problems,
        ...told.flatMap((message) =>
          message.type === "error" ? [`${message.during}: ${message.error}`] : [],
        ),
        ...(await storedJobs(file)).flatMap(({ id, deaths }) =>
          givenUp.has(id) && deaths < 3 ? [`${id} was given up after ${deaths} deaths`] : [],
        ),
        ...(await straysIn(folder)),
      ],
    };
  } finally {
    await killer.end();
    await web.close();
  }
}

type Told = Killer["told"];

function duplicatesIn(told: Told): number {
  const started = told.flatMap((one) => (one.type === "started" ? [`${one.id} ${one.attempt}`] : []));
  return started.length - new Set(started).size;
}

function takeoversOf(deaths: readonly Death[], told: Told): readonly number[] {
  return deaths
    .flatMap(({ at, left }) =>
      left.flatMap((id) => {
        const next = told.find((one) => one.type === "started" && one.id === id && one.at > at);
        return next === undefined ? [] : [next.at - at];
      }),
    )
    .sort((one, other) => one - other);
}

/** Files without a job, and jobs without their file. */
async function straysIn(folder: string): Promise<readonly string[]> {
  const files = new Set(await readdir(resultsIn(folder)));
  const keys = (await storedJobs(databaseIn(folder))).flatMap(({ fileKey }) =>
    fileKey === null ? [] : [fileKey],
  );
  const named = new Set(keys);
  return [
    ...[...files].filter((name) => !named.has(name)).map((name) => `no job has the file ${name}`),
    ...keys.filter((key) => !files.has(key)).map((key) => `the file ${key} of a job is not there`),
  ];
}
