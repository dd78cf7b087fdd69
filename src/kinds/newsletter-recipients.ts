import {
  defineNewsletterExport,
  type FindRows,
  type NewsletterExport,
  type NewsletterExportOptions,
} from "./newsletter-export.js";

/** A row: the email address itself, or an object that holds it. */
export type NewsletterRecipient = string | { readonly email: string };

export interface NewsletterRecipientsOptions<Row extends NewsletterRecipient>
  extends NewsletterExportOptions<Row> {
  /** Gives the rows of a newsletter. */
  readonly recipients: FindRows<Row>;
}

/**
 * The kind `newsletter-recipients`: a CSV file of those to whom a newsletter went. Its columns are `email` alone,
 * if not told otherwise. Its payload is `{ newsletterId }`; a Partner App needs `read_newsletter_email`.
 *
 * @throws InvalidOptionError when an option makes no sense
 *
 * @example
 * newsletterRecipients({ recipients: (newsletterId, shop) => db.recipients(newsletterId, shop) })
 */
export function newsletterRecipients<Row extends NewsletterRecipient>({
  recipients,
  ...options
}: NewsletterRecipientsOptions<Row>): NewsletterExport<"newsletter-recipients"> {
  return defineNewsletterExport("newsletter-recipients", recipients, ["email"], options);
}

export type { Column, FindRows, NewsletterExport, NewsletterExportOptions } from "./newsletter-export.js";
export type { NewsletterPayload } from "./newsletter-payload.js";
export type { Rows } from "./rows.js";
