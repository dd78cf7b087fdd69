import { setTimeout as delay } from "node:timers/promises";
import { REFUSAL, rowsOf, sentenceOf } from "../processes/kinds.js";
import { ROWS, SOAK_MIX, type SoakKind, STAY } from "./kinds.js";

/** Milliseconds between two looks at a job. */
const POLL = 50;
/** Milliseconds after which a job that does not finish counts as lost. */
const PATIENCE = 30_000;
/** Milliseconds that a client rests between two jobs. */
const REST = 150;
/** Jobs between two looks at the list. */
const BETWEEN_LISTS = 5;
const NEUTRAL = /^The job could not be completed\. Please contact support with the reference [0-9a-f]{12}\.$/;

export interface Experience {
  jobs: number;
  requests: number;
  /** In sentences: answers that should not be. */
  readonly problems: string[];
}

interface Resource {
  readonly id: string;
  readonly status: "pending" | "done" | "failed";
  readonly result?: string;
  readonly error?: string;
}

/** Starts jobs of all kinds, follows, lists, downloads and cancels them, and looks again when they have expired. */
export class SoakClient {
  readonly #urls: readonly string[];
  readonly #name: string;
  readonly #experience: Experience;
  /** Jobs that are to be gone from a moment on, by `performance.now()`. */
  readonly #leaving: { readonly id: string; readonly goneAt: number }[] = [];

  /** @param urls of servers that share the jobs */
  constructor(urls: readonly string[], name: string, experience: Experience) {
    this.#urls = urls;
    this.#name = name;
    this.#experience = experience;
  }

  async run(mayGoOn: () => boolean): Promise<void> {
    for (let number = 0; mayGoOn(); number += 1) {
      const kind = SOAK_MIX[number % SOAK_MIX.length] ?? "rows";
      await this.#follow(kind, `${this.#name}-${number}`);
      if (number % BETWEEN_LISTS === 0) await this.#list();
      await this.#lookAfterExpired();
      await delay(REST);
    }
  }

  async #follow(kind: SoakKind, name: string): Promise<void> {
    this.#experience.jobs += 1;
    const started = await this.#ask(`/start/${kind}/${name}`, "POST");
    const { id } = resourceIn(started.text);
    if (started.status !== 201) return this.#complain(`starting was answered with ${started.text}`);
    if (kind === "lasting") {
      await delay(POLL * 4 * Math.random());
      await this.#ask(`/api/v1/async-jobs/${id}/cancel`, "POST");
    }
    const patience = performance.now() + PATIENCE;
    while (performance.now() < patience) {
      const { status, text } = await this.#ask(`/api/v1/async-jobs/${id}`);
      if (status !== 200) return this.#complain(`${id} was answered with ${status} ${text}`);
      const job = resourceIn(text);
      if (job.status !== "pending") {
        this.#leaving.push({ id, goneAt: performance.now() + STAY });
        return this.#check(kind, name, job);
      }
      await delay(POLL);
    }
    this.#complain(`${id}, ${kind}, does not finish`);
  }

  async #check(kind: SoakKind, name: string, job: Resource): Promise<void> {
    const { id, status, result = "", error = "" } = job;
    if (!(await this.#isRight(kind, name, job))) {
      this.#complain(`${id}, ${kind}, is ${status} with ${result}${error}`);
    }
  }

  async #isRight(kind: SoakKind, name: string, { status, result = "", error = "" }: Resource) {
    switch (kind) {
      case "sentence":
      case "flaky":
        return status === "done" && result === sentenceOf(name);
      case "rows": {
        const file = await this.#ask(new URL(result).pathname);
        return status === "done" && file.text === rowsOf(name, ROWS);
      }
      case "refused":
        return error === REFUSAL;
      case "broken":
        return NEUTRAL.test(error);
      case "lasting":
        return error === "The job was cancelled.";
    }
  }

  /** Page by page, and whole. */
  async #list(): Promise<void> {
    let next: string | undefined = "/api/v1/async-jobs?limit=20";
    while (next !== undefined) {
      const { status, text } = await this.#ask(next);
      if (status !== 200) return this.#complain(`the list was answered with ${status} ${text}`);
      const { nextPage }: { readonly nextPage?: string } = JSON.parse(text).meta;
      next = nextPage?.slice(new URL(nextPage).origin.length);
    }
    await this.#ask("/api/v1/async-jobs");
  }

  async #lookAfterExpired(): Promise<void> {
    const now = performance.now();
    while ((this.#leaving[0]?.goneAt ?? now) < now) {
      const { id } = this.#leaving.shift() ?? { id: "" };
      const { status } = await this.#ask(`/api/v1/async-jobs/${id}`);
      if (status !== 404) this.#complain(`${id} has expired and is answered with ${status}`);
    }
  }

  async #ask(path: string, method = "GET"): Promise<{ readonly status: number; readonly text: string }> {
    this.#experience.requests += 1;
    const url = this.#urls[this.#experience.requests % this.#urls.length];
    const response = await fetch(`${url}${path}`, { method });
    return { status: response.status, text: await response.text() };
  }

  #complain(problem: string): void {
    this.#experience.problems.push(problem);
  }
}

function resourceIn(text: string): Resource {
  return JSON.parse(text).data;
}
