import { PublicError } from "../../errors.js";
import { defineKind } from "../../kinds.js";
import type { HandClock } from "../hand-clock.js";

/** Milliseconds that a job takes, by the stage's clock. */
const WORKING_TIME = 292_676;
/** What the kind `newsletter-recipients` writes. */
export const CSV = "email\r\nann@example.com\r\njosé@example.com\r\n";
/** What the kind `large-csv` writes. */
export const LARGE_CSV = CSV.repeat(100_000);
/** How many bytes the kind `picture` writes. */
export const PICTURE_BYTES = 1_000_000;
/** What the kind `terrible` fails with. */
export const TERRIBLE = "Something terrible has happened. Get in touch with support tout de suite!";

/** What the kind `broken` fails with, and nobody but the operator may read. */
export const SECRET = "hunter2";

export type StageKinds = ReturnType<typeof stageKinds>;

/** Kinds that end in all the ways there are. */
export function stageKinds(clock: HandClock) {
  const work = () => clock.set(clock.now() + WORKING_TIME);
  return [
    defineKind("greeting", {
      run({ payload }) {
        work();
        return `hello ${payload}`;
      },
    }),
    defineKind("nothing", {
      run() {
        work();
        return "";
      },
    }),
    defineKind("terrible", {
      run() {
        work();
        throw new PublicError(TERRIBLE);
      },
    }),
    defineKind("broken", {
      attempts: 1,
      async run({ file }) {
        await (await file({ type: "text/csv" })).write("half a file");
        work();
        throw new Error(`the password ${SECRET} was refused`, { cause: { password: SECRET } });
      },
    }),
    defineKind("endless", {
      run: ({ signal, progress }) =>
        new Promise<never>((_, reject) => {
          progress(1, 3);
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    }),
    defineKind("newsletter-recipients", {
      scope: "read_newsletter_email",
      async run({ file }) {
        const csv = await file({ type: "text/csv" });
        await csv.write(CSV);
        work();
        return undefined;
      },
    }),
    defineKind("large-csv", {
      async run({ file }) {
        const csv = await file({ type: "text/csv" });
        await csv.write(LARGE_CSV);
        work();
        return undefined;
      },
    }),
    defineKind("picture", {
      async run({ file }) {
        const picture = await file({ type: "image/png" });
        await picture.write(Buffer.alloc(PICTURE_BYTES, 0x7f));
        work();
        return undefined;
      },
    }),
  ] as const;
}
