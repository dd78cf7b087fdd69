import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Webhooks } from "../../src/index.js";

function fileIn(folder: string): string {
  return join(folder, "told.jsonl");
}

/** One endpoint, which takes everything: it writes it down before it answers. */
export function tellingInto(folder: string): Webhooks {
  return {
    ...{ timeout: 10_000, concurrency: 5, description: { headers: {} }, disable: () => {} },
    endpoints: () => [{ id: "hook", url: "https://hooks.example.com", secret: "a secret" }],
    async send({ body }) {
      appendFileSync(fileIn(folder), `${body}\n`);
      return { status: 200 };
    },
  };
}

/** What the endpoint was told of each job, by all engines of the folder; the same once if it was the same. */
export function toldIn(folder: string): ReadonlyMap<string, ReadonlySet<string>> {
  const file = fileIn(folder);
  const bodies = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
  const told = new Map<string, Set<string>>();
  for (const body of bodies) {
    const { asyncJobId } = JSON.parse(body).data;
    told.set(asyncJobId, (told.get(asyncJobId) ?? new Set()).add(body));
  }
  return told;
}
