import { createHash } from "node:crypto";
import type { JobResource } from "async-jobs";
import type { ProgressBar } from "./progress.js";

type Credential = Readonly<Record<string, string>>;
export const apiKey: Credential = { "X-ApiKey": "blue-bottle" };
export const mailer: Credential = { Authorization: "Bearer mailer@blue-bottle" };

/** Milliseconds between two polls: much less than the `Retry-After` of the answers, so that the demo is quick. */
const POLL = 100;

/** What a customer of the API does, over HTTP. */
export class Caller {
  readonly #url: string;
  readonly #credential: Credential;

  constructor(url: string, credential: Credential) {
    this.#url = url;
    this.#credential = credential;
  }

  async startExport(newsletterId: string): Promise<JobResource> {
    const path = `/api/v1/newsletters/${newsletterId}/recipients/async-export`;
    return this.#data(await this.#request(path, "POST"), 201);
  }

  async list(): Promise<readonly JobResource[]> {
    return this.#data(await this.#request("/api/v1/async-jobs"), 200);
  }

  /** Polls until the job has finished. `onPoll` is called each time. */
  async wait(id: string, onPoll: () => void): Promise<JobResource> {
    for (;;) {
      const job = await this.#data<JobResource>(await this.#request(`/api/v1/async-jobs/${id}`), 200);
      onPoll();
      if (job.status !== "pending") return job;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  }

  /** Reads a result as a stream: lines, bytes and SHA-256. */
  async download(resultUrl: string, bar: ProgressBar) {
    const response = await fetch(resultUrl, { headers: this.#credential });
    if (response.status !== 200 || response.body === null) throw await unexpected(response);
    const size = Number(response.headers.get("content-length"));
    const hash = createHash("sha256");
    let bytes = 0;
    let lines = 0;
    for await (const chunk of response.body) {
      hash.update(chunk);
      bytes += chunk.length;
      for (const byte of chunk) if (byte === 10) lines += 1;
      bar.show(bytes / size);
    }
    return { bytes, lines, sha256: hash.digest("hex") };
  }

  #request(path: string, method = "GET"): Promise<Response> {
    return fetch(`${this.#url}${path}`, { method, headers: this.#credential });
  }

  async #data<T>(response: Response, status: number): Promise<T> {
    if (response.status !== status) throw await unexpected(response);
    const { data }: { readonly data: T } = JSON.parse(await response.text());
    return data;
  }
}

async function unexpected(response: Response): Promise<Error> {
  return new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
}
