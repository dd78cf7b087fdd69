import {
  defineNewsletterExport,
  type FindRows,
  type NewsletterExport,
  type NewsletterExportOptions,
} from "./newsletter-export.js";

/** A row: an email address, and when what happened to the mail sent there. */
export interface NewsletterEmail {
  readonly email: string;
  readonly sentAt?: Moment;
  readonly deliveredAt?: Moment;
  readonly openedAt?: Moment;
  readonly clickedAt?: Moment;
}

/** A string stands in the file as it is. */
type Moment = Date | string | null | undefined;

export interface NewsletterEmailsOptions<Row extends NewsletterEmail> extends NewsletterExportOptions<Row> {
  /** Gives the rows of a newsletter. */
  readonly emails: FindRows<Row>;
}

const COLUMNS = ["email", "sentAt", "deliveredAt", "openedAt", "clickedAt"] as const;

/**
 * The kind `newsletter-emails`: a CSV file of those to whom a newsletter went, with the times at which it was
 * sent, delivered, opened and clicked. Its payload is `{ newsletterId }`; a Partner App needs
 * `read_newsletter_email`.
 *
 * @throws InvalidOptionError when an option makes no sense
 *
 * @example
 * newsletterEmails({ emails: (newsletterId, shop) => db.emails(newsletterId, shop) })
 */
export function newsletterEmails<Row extends NewsletterEmail>({
  emails,
  ...options
}: NewsletterEmailsOptions<Row>): NewsletterExport<"newsletter-emails"> {
  return defineNewsletterExport("newsletter-emails", emails, COLUMNS, options);
}

export type { Column, FindRows, NewsletterExport, NewsletterExportOptions } from "./newsletter-export.js";
export type { NewsletterPayload } from "./newsletter-payload.js";
export type { Rows } from "./rows.js";
