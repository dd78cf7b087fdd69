import { parseArgs } from "node:util";

export const USAGE = `Usage: async-jobs copy sqlite:FILE postgres://USER:PASSWORD@HOST/DATABASE [options]

Copies the jobs that have not expired, with their idempotency keys and turns. What is there already, by its ID, stays
as it is: copy again as often as you like. Stop the processes of both stores first.

  --results-from PLACE   copy result files too, from this place …
  --results-to PLACE     … to this one; each is folder:PATH, sqlite:FILE, postgres://… or s3://BUCKET/PREFIX
  --force                copy jobs that are running, too: they wait in the new store
  --table-prefix NAME    of the tables in the SQLite file, if it is not async_jobs_
  --schema NAME          of the tables in PostgreSQL, if it is not async_jobs
  --help, --version
`;

/** Where something is: `sqlite:jobs.db`. */
export type Place =
  | { readonly type: "folder"; readonly path: string }
  | { readonly type: "sqlite"; readonly path: string }
  | { readonly type: "postgres"; readonly url: string }
  | { readonly type: "s3"; readonly bucket: string; readonly prefix: string };

export type PlaceOf<Type extends Place["type"]> = Extract<Place, { readonly type: Type }>;

export interface CopyOrder {
  readonly type: "copy";
  readonly from: PlaceOf<"sqlite">;
  readonly to: PlaceOf<"postgres">;
  readonly results?: { readonly from: Place; readonly to: Place };
  readonly force: boolean;
  readonly tablePrefix?: string;
  readonly schema?: string;
}

export type Order = CopyOrder | { readonly type: "help" } | { readonly type: "version" };

/** The command cannot be understood. The message says what is wrong with it. */
export class BadArguments extends Error {}

/** @throws BadArguments */
export function parseArguments(args: readonly string[]): Order {
  const { values, positionals } = parsed(args);
  if (values.help === true) return { type: "help" };
  if (values.version === true) return { type: "version" };
  const [command, from, to, ...others] = positionals;
  if (command !== "copy") {
    throw new BadArguments(
      command === undefined
        ? "Say what to do: copy."
        : `There is no command ${JSON.stringify(command)}; there is copy.`,
    );
  }
  if (from === undefined || to === undefined || others.length > 0) {
    throw new BadArguments(`copy takes two places; it was given ${positionals.length - 1}.`);
  }
  return {
    type: "copy",
    from: placeOf(from, "sqlite", "The first place must be sqlite:FILE"),
    to: placeOf(to, "postgres", "The second place must be postgres://…"),
    ...resultsOf(values["results-from"], values["results-to"]),
    force: values.force === true,
    ...(values["table-prefix"] === undefined ? undefined : { tablePrefix: values["table-prefix"] }),
    ...(values.schema === undefined ? undefined : { schema: values.schema }),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "results-from": { type: "string" },
        "results-to": { type: "string" },
        "table-prefix": { type: "string" },
        schema: { type: "string" },
        force: { type: "boolean" },
        help: { type: "boolean" },
        version: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new BadArguments(error instanceof Error ? error.message : String(error));
  }
}

function resultsOf(from: string | undefined, to: string | undefined): Pick<CopyOrder, "results"> | undefined {
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined) {
    throw new BadArguments("Give both --results-from and --results-to, or neither.");
  }
  return { results: { from: anyPlace(from), to: anyPlace(to) } };
}

function placeOf<Type extends Place["type"]>(text: string, type: Type, rule: string): PlaceOf<Type> {
  const place = anyPlace(text);
  if (isOf(place, type)) return place;
  throw new BadArguments(`${rule}; it was ${shown(text)}.`);
}

function isOf<Type extends Place["type"]>(place: Place, type: Type): place is PlaceOf<Type> {
  return place.type === type;
}

function anyPlace(text: string): Place {
  const [, scheme, rest = ""] = /^([a-z0-9]+):(.*)$/s.exec(text) ?? [];
  if ((scheme === "folder" || scheme === "sqlite") && rest !== "") return { type: scheme, path: rest };
  if ((scheme === "postgres" || scheme === "postgresql") && URL.canParse(text)) {
    return { type: "postgres", url: text };
  }
  const [, bucket, prefix = ""] = /^\/\/([^/]+)(?:\/(.*))?$/.exec(rest) ?? [];
  if (scheme === "s3" && bucket !== undefined) {
    return { type: "s3", bucket, prefix: prefix.replace(/([^/])$/, "$1/") };
  }
  throw new BadArguments(
    `A place is written as sqlite:FILE, postgres://…, folder:PATH or s3://BUCKET/PREFIX; not as ${shown(text)}.`,
  );
}

/** Without a password that may be in it. */
function shown(text: string): string {
  return JSON.stringify(text.replace(/(\/\/[^:/@]*):[^/]*@/, "$1:…@"));
}
