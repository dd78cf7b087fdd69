import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { S3_DEFAULTS } from "../adapters/results/s3.js";
import { POSTGRES_DEFAULTS } from "../adapters/stores/postgres/options.js";
import { SQLITE_DEFAULTS } from "../adapters/stores/sqlite/options.js";
import { WEBHOOK_DEFAULTS } from "../adapters/webhooks/index.js";
import { CLIENT_DEFAULTS } from "../src/client/index.js";
import { NEWSLETTER_EXPORT_DEFAULTS } from "../src/kinds/newsletter-export.js";
import { KIND_DEFAULTS } from "../src/kinds.js";
import { DEFAULTS } from "../src/options.js";
import { DEFAULT_BACKOFF } from "../src/retry.js";
import { root } from "./modules.js";

const UNITS: Readonly<Record<string, number>> = {
  KiB: 1024,
  minute: 60_000,
  hour: 3_600_000,
  week: 604_800_000,
};

/** The options of a file, each with what its docstring says after "Default". */
function documentedDefaults(file: string): ReadonlyMap<string, string> {
  const code = readFileSync(join(root, file), "utf8");
  const options = code.matchAll(/\/\*\*((?:(?!\*\/).)*)\*\/\s+readonly (\w+)\??:/gs);
  return new Map(
    [...options].map(([, doc = "", name = ""]) => [name, /Default:? (.+?)\.\s/.exec(doc)?.[1] ?? ""]),
  );
}

/** `30,000`, `256 KiB`, `one week`, `10 minutes` as a number; anything else as it is, without its quotes. */
function toldValue(text: string): number | string {
  const [, count, unit] = /^([\d,]+|one)(?: (\w+?)s?)?$/.exec(text) ?? [];
  if (count === undefined) return text.replaceAll(/[`"]/g, "");
  const factor = unit === undefined ? 1 : UNITS[unit];
  return (count === "one" ? 1 : Number(count.replaceAll(",", ""))) * (factor ?? Number.NaN);
}

it.each([
  ["src/options.ts", DEFAULTS],
  ["src/kinds.ts", KIND_DEFAULTS],
  ["src/retry.ts", DEFAULT_BACKOFF],
  ["src/kinds/newsletter-export.ts", NEWSLETTER_EXPORT_DEFAULTS],
  ["src/client/client.ts", CLIENT_DEFAULTS],
  ["adapters/stores/sqlite/options.ts", SQLITE_DEFAULTS],
  ["adapters/stores/postgres/options.ts", POSTGRES_DEFAULTS],
  ["adapters/results/s3.ts", S3_DEFAULTS],
  ["adapters/webhooks/index.ts", WEBHOOK_DEFAULTS],
])("the docstrings in %s tell the defaults that are used", (file, defaults) => {
  const told = documentedDefaults(file);
  for (const [name, used] of Object.entries(defaults)) {
    const text = told.get(name) ?? "";
    expect(text, `the default of ${name}`).not.toBe("");
    if (typeof used === "number" || typeof used === "string") {
      expect(toldValue(text), `the default of ${name}`).toBe(used);
    }
  }
});
