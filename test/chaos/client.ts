import { setTimeout as delay } from "node:timers/promises";
import { REFUSAL, rowsOf, sentenceOf } from "../processes/kinds.js";
import { CHAOS_MIX, ROWS } from "./kinds.js";

/** What clients met, all together. */
export interface Experience {
  /** IDs that were answered with 201. */
  readonly accepted: string[];
  /** IDs that were finished when last seen, each with the answer at that time. */
  readonly finished: Map<string, string>;
  /** Jobs that failed with the neutral sentence. */
  readonly givenUp: Set<string>;
  /** In sentences: answers that should not be. */
  readonly problems: string[];
  polls: number;
}

export function newExperience(): Experience {
  return { accepted: [], finished: new Map(), givenUp: new Set(), problems: [], polls: 0 };
}

interface Resource {
  readonly id: string;
  readonly kind: string;
  readonly status: "pending" | "done" | "failed";
  readonly result?: string;
  readonly error?: string;
}

/** Milliseconds between two looks at a job. */
const POLL = 15;
/** Milliseconds after which a job that does not finish counts as lost. */
const PATIENCE = 60_000;
const NEUTRAL = /^The job could not be completed\. Please contact support with the reference [0-9a-f]{12}\.$/;

/** Starts one job after another, follows each to its end, and looks again at what has ended before. */
export class Client {
  readonly #url: string;
  readonly #name: string;
  readonly #experience: Experience;

  constructor(url: string, name: string, experience: Experience) {
    this.#url = url;
    this.#name = name;
    this.#experience = experience;
  }

  async run(mayGoOn: () => boolean): Promise<void> {
    for (let number = 0; mayGoOn(); number += 1) {
      const kind = CHAOS_MIX[number % CHAOS_MIX.length] ?? "rows";
      await this.#follow(kind, `${this.#name}-${number}`);
    }
  }

  /** What was finished once is so again, with the same words and the same file. */
  async lookAgainAt(id: string): Promise<void> {
    const { text } = await this.#get(id);
    const before = this.#experience.finished.get(id);
    if (text !== before) this.#complain(`${id} was ${before} and is ${text}`);
  }

  async #follow(kind: string, name: string): Promise<void> {
    const response = await fetch(`${this.#url}/start/${kind}/${name}`, { method: "POST" });
    const body = await response.text();
    if (response.status !== 201)
      return this.#complain(`starting was answered with ${response.status} ${body}`);
    const { id }: Resource = JSON.parse(body).data;
    const { accepted, finished } = this.#experience;
    accepted.push(id);
    const patience = performance.now() + PATIENCE;
    while (performance.now() < patience) {
      const { text, job } = await this.#get(id);
      if (job !== undefined && job.status !== "pending") {
        finished.set(id, text);
        await this.#check(job, name);
        const earlier = accepted[Math.floor(Math.random() * accepted.length)] ?? id;
        if (finished.has(earlier)) await this.lookAgainAt(earlier);
        return;
      }
      await delay(POLL);
    }
    this.#complain(`${id} does not finish`);
  }

  async #get(id: string): Promise<{ readonly text: string; readonly job?: Resource }> {
    this.#experience.polls += 1;
    const response = await fetch(`${this.#url}/api/v1/async-jobs/${id}`);
    const text = await response.text();
    if (response.status === 200) return { text, job: JSON.parse(text).data };
    this.#complain(`${id} was answered with ${response.status} ${text}`);
    return { text };
  }

  async #check({ id, kind, status, result = "", error = "" }: Resource, name: string): Promise<void> {
    if (status === "failed" && NEUTRAL.test(error)) {
      this.#experience.givenUp.add(id);
      return;
    }
    const isRight =
      kind === "refused"
        ? error === REFUSAL
        : status === "done" &&
          (kind === "rows"
            ? (await this.#download(result)) === rowsOf(name, ROWS)
            : result === sentenceOf(name));
    if (!isRight) this.#complain(`${id}, ${kind}, is ${status} with ${result}${error}`);
  }

  async #download(url: string): Promise<string> {
    return (await fetch(url)).text();
  }

  #complain(problem: string): void {
    this.#experience.problems.push(problem);
  }
}
