import type { StandardSchemaV1 } from "@standard-schema/spec";
import { requireWholeNumber } from "../checked-options.js";
import { type Clock, systemClock } from "../clock.js";
import { InvalidOptionError, PublicError } from "../errors.js";
import { defineKind, type Kind, type KindRules } from "../kinds.js";
import { exportCsv } from "./csv-export.js";
import { placeOf } from "./export-place.js";
import { type NewsletterPayload, newsletterPayload } from "./newsletter-payload.js";
import type { Rows } from "./rows.js";

/** The rules of the kind, as for any other, and how its file is written. */
export interface NewsletterExportOptions<Row> extends Omit<KindRules<StandardSchemaV1>, "payload"> {
  /** The OAuth scope that a Partner App needs to start one. Default `read_newsletter_email`. */
  readonly scope?: string;
  /**
   * Fields of the rows, in the order in which they are to be the file's columns, and at the same time the heads
   * of these. Dates become ISO 8601, what is absent an empty cell.
   */
  readonly columns?: readonly Column<Row>[];
  /**
   * The key of a row, unique and in the order of the rows. With it, a later attempt asks only for the rows after
   * the last one written. Default: it asks for all and reads past those that are written, so they must come
   * again, and in the same order.
   */
  readonly keyOf?: (row: Row) => string;
  /** Milliseconds after which it is noted how far the export is: the most that a later attempt repeats. Default 5,000. */
  readonly checkpointEvery?: number;
  /** Default: the clock on the wall. */
  readonly clock?: Clock;
}

/** What can be a column of such a row. */
export type Column<Row> = Row extends string ? "email" : keyof Row & string;

/**
 * Gives the rows of a newsletter of a shop, or nothing when that shop has no such newsletter: then the job fails
 * at once, and says so.
 *
 * @param signal aborts when the rows are no longer wanted, for whatever reason
 * @param after with `keyOf` in an attempt that goes on: the key of the last row that is not wanted again
 */
export type FindRows<Row> = (
  newsletterId: string,
  shop: string,
  signal: AbortSignal,
  after: string | undefined,
) => FoundRows<Row> | PromiseLike<FoundRows<Row>>;

type FoundRows<Row> = Rows<Row> | null | undefined;

/** A kind that writes a CSV file about one newsletter. */
export type NewsletterExport<Name extends string> = Kind<Name, NewsletterPayload, NewsletterPayload>;

export const NEWSLETTER_EXPORT_DEFAULTS = Object.freeze({
  scope: "read_newsletter_email",
  checkpointEvery: 5000,
  clock: systemClock,
});

/** @throws InvalidOptionError when an option makes no sense */
export function defineNewsletterExport<const Name extends string, Row>(
  name: Name,
  findRows: FindRows<Row>,
  defaultColumns: readonly string[],
  options: NewsletterExportOptions<Row>,
): NewsletterExport<Name> {
  const { columns = defaultColumns, keyOf, checkpointEvery, clock, scope } = options;
  // These alone: hosts may give a whole service of theirs, which has more than options.
  const { attempts, backoff, timeout, concurrency, expireAfter } = options;
  const settings = {
    columns,
    keyOf,
    checkpointEvery: checkpointEvery ?? NEWSLETTER_EXPORT_DEFAULTS.checkpointEvery,
    clock: clock ?? NEWSLETTER_EXPORT_DEFAULTS.clock,
  };
  if (typeof findRows !== "function") {
    throw new InvalidOptionError(`The kind ${name} needs a function that gives the rows of a newsletter.`);
  }
  if (keyOf !== undefined && typeof keyOf !== "function") {
    throw new InvalidOptionError(`keyOf of the kind ${name} must be a function that gives a row's key.`);
  }
  if (!Array.isArray(columns) || columns.length === 0 || !columns.every(isFieldName)) {
    throw new InvalidOptionError(`columns of the kind ${name} must be a list of names, one at least.`);
  }
  requireWholeNumber(`checkpointEvery of the kind ${name}`, settings.checkpointEvery);
  return defineKind(name, {
    ...{ attempts, backoff, timeout, concurrency, expireAfter },
    scope: scope ?? NEWSLETTER_EXPORT_DEFAULTS.scope,
    payload: newsletterPayload,
    async run(context) {
      const { job, payload, signal } = context;
      const place = placeOf(job.checkpoint);
      const after = keyOf === undefined ? undefined : place?.key;
      const rows = await findRows(payload.newsletterId, job.shop, signal, after);
      if (rows === undefined || rows === null) throw new PublicError("The newsletter does not exist.");
      await exportCsv(rows, settings, context, place);
      return undefined;
    },
  });
}

function isFieldName(column: unknown): boolean {
  return typeof column === "string" && column !== "";
}
