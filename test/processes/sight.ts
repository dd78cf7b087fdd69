import { text } from "node:stream/consumers";
import type { Accessor, JobView } from "../../src/index.js";

/** All that a client can see of a job at one moment. */
export interface Sight {
  readonly id: string;
  readonly kind: string;
  readonly status: JobView["status"];
  /** What never changes again once the job has finished, as JSON. */
  readonly outcome?: string;
  /** What the job's file holds. */
  readonly content?: string;
}

/** @throws JobNotFoundError */
export async function look(jobs: Accessor, id: string): Promise<Sight> {
  const { kind, status, ...facts } = await jobs.get(id);
  if (status === "pending") return { id, kind, status };
  const seen = { id, kind, status, outcome: JSON.stringify(facts) };
  if (!("result" in facts) || facts.result?.endsWith(".csv") !== true) return seen;
  const { stream } = await jobs.openResult(id);
  return { ...seen, content: await text(stream) };
}
