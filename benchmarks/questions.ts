import type { Question } from "./question.js";
import type { HostName } from "./served.js";

type Load = () => Promise<{ readonly question: Question }>;

/** By the letter that `npm run bench -- LETTER` takes. Each process loads only its own. */
const files: Readonly<Record<string, Load>> = {
  a: () => import("./questions/a-start-one.js"),
  b: () => import("./questions/b-start-together.js"),
  c: () => import("./questions/c-start-many.js"),
  d: () => import("./questions/d-drain.js"),
  e: () => import("./questions/e-latency.js"),
  f: () => import("./questions/f-million.js"),
  g: () => import("./questions/g-export.js"),
  h: () => import("./questions/h-http.js"),
  "h-node": () => onHost("node:http"),
  "h-express": () => onHost("Express"),
  "h-koa": () => onHost("Koa"),
  "h-fastify": () => onHost("Fastify"),
  "h-fetch": () => onHost("fetch"),
  "h-hono": () => onHost("Hono"),
  i: () => import("./questions/i-idle.js"),
  j: () => import("./questions/j-prune.js"),
  k: () => import("./questions/k-fair-turns.js"),
  l: () => import("./questions/l-held.js"),
  m: () => import("./questions/m-download.js"),
  n: () => import("./questions/n-compressed.js"),
  o: () => import("./questions/o-long-list.js"),
  "pg-a": () => import("./questions/pg-a-start-one.js"),
  "pg-b": () => import("./questions/pg-b-start-together.js"),
  "pg-c": () => import("./questions/pg-c-start-many.js"),
  "pg-d": () => import("./questions/pg-d-drain.js"),
  "pg-e": () => import("./questions/pg-e-latency.js"),
  "pg-f": () => import("./questions/pg-f-million.js"),
  "pg-i": () => import("./questions/pg-i-idle.js"),
  "pg-j": () => import("./questions/pg-j-space.js"),
};

async function onHost(name: HostName): ReturnType<Load> {
  const { questionOn } = await import("./questions/h-hosts.js");
  return { question: questionOn(name) };
}

export const letters: readonly string[] = Object.keys(files);

export async function loadQuestion(letter: string): Promise<Question> {
  const load = files[letter];
  if (load === undefined) throw new Error(`no question ${letter}; there are ${letters.join(", ")}`);
  return (await load()).question;
}
