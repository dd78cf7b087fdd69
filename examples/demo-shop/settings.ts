import { HOSTS, type HostName } from "./hosts.js";

/** What the demo server reads from its environment. */
export interface Settings {
  readonly port: number;
  readonly host: HostName;
  readonly store: StoreSetting;
  /** Milliseconds; undefined for the library's default of one week. */
  readonly expireAfter: number | undefined;
  /** The URL that is told of every shop's finished jobs; undefined when none is. */
  readonly webhook: string | undefined;
}

export type StoreSetting =
  | { readonly type: "memory" }
  | { readonly type: "sqlite"; readonly file: string; readonly synchronous: "FULL" | "NORMAL" | undefined }
  /** Without a URL, a server is started for it. */
  | { readonly type: "postgres"; readonly url: string | undefined };

/** @throws Error that says which variable is wrong and what it may be */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const { PORT = "3000", HOST = "express", STORE = "sqlite:./demo/jobs.db", EXPIRE_AFTER } = environment;
  const host = HOSTS.find((name) => name === HOST);
  if (host === undefined) throw wrong("HOST", HOST, HOSTS.join(", "));
  return {
    port: wholeNumber("PORT", PORT, 0, 65_535),
    host,
    store: readStore(STORE, environment["SYNCHRONOUS"]),
    expireAfter:
      EXPIRE_AFTER === undefined
        ? undefined
        : wholeNumber("EXPIRE_AFTER", EXPIRE_AFTER, 1, Number.MAX_SAFE_INTEGER),
    webhook: readWebhook(environment["WEBHOOK"]),
  };
}

/** What could never be told of anything is refused before the server begins. */
function readWebhook(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOfWeb = url !== undefined && /^https?:$/.test(url.protocol);
  if (isOfWeb && url.username === "" && url.password === "") return text;
  throw wrong(
    "WEBHOOK",
    text,
    "an http or https URL without credentials, such as http://127.0.0.1:9000/hook",
  );
}

function readStore(text: string, synchronous: string | undefined): StoreSetting {
  if (synchronous !== undefined && synchronous !== "FULL" && synchronous !== "NORMAL") {
    throw wrong("SYNCHRONOUS", synchronous, "FULL, NORMAL");
  }
  if (text === "memory") return { type: "memory" };
  if (text === "postgres") return { type: "postgres", url: undefined };
  if (/^postgres(ql)?:\/\//.test(text)) return { type: "postgres", url: text };
  const [, file] = /^sqlite:(.+)$/.exec(text) ?? [];
  if (file === undefined) throw wrong("STORE", text, "memory, sqlite:FILE, postgres, postgres://…");
  return { type: "sqlite", file, synchronous };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw wrong(name, text, `a whole number from ${least} to ${most}`);
}

function wrong(name: string, value: string, expected: string): Error {
  return new Error(`${name} is ${JSON.stringify(value)}; it may be: ${expected}.`);
}
