import type { StandardSchemaV1 } from "@standard-schema/spec";

/** What starts an export of one newsletter. */
export interface NewsletterPayload {
  /** The host's own ID of the newsletter: 1 to 200 characters. */
  readonly newsletterId: string;
}

const LONGEST_ID = 200;

/** Takes an object with a `newsletterId`; drops what else is in it. */
export const newsletterPayload: StandardSchemaV1<NewsletterPayload, NewsletterPayload> = {
  "~standard": {
    version: 1,
    vendor: "async-jobs",
    validate(value) {
      if (typeof value !== "object" || value === null) {
        return { issues: [{ message: "The payload must be an object with a newsletterId." }] };
      }
      const newsletterId = "newsletterId" in value ? value.newsletterId : undefined;
      if (typeof newsletterId === "string" && newsletterId !== "" && newsletterId.length <= LONGEST_ID) {
        return { value: { newsletterId } };
      }
      const message = `It must be a string of 1 to ${LONGEST_ID} characters.`;
      return { issues: [{ message, path: ["newsletterId"] }] };
    },
  },
};
