import {
  FollowLimitError,
  ForbiddenError,
  IdempotencyConflictError,
  InvalidPayloadError,
  InvalidQueryError,
  JobLimitError,
  JobNotFoundError,
  JobUnfinishedError,
  PayloadTooLargeError,
  StoreBusyError,
  UnauthenticatedError,
} from "../errors.js";
import { errorReply, sentences } from "../http/errors.js";
import { UnsatisfiableRange } from "../http/range.js";
import type { JsonReply } from "../http/reply.js";
import { READ_SCOPE } from "../principal.js";
import { headersOf, isDescribed } from "./headers.js";
import { type JsonObject, refTo } from "./json-object.js";

/** Why a request is refused, each with the very answer that the library gives. */
const REFUSALS = {
  InvalidQuery: {
    description: "The query makes no sense.",
    reply: reply(new InvalidQueryError("The limit must be a whole number from 1 to 1000.")),
  },
  InvalidPayload: {
    description: "The payload is not what the kind takes, or the idempotency key is none.",
    reply: reply(new InvalidPayloadError("", ["name: Invalid input: expected string, received number"])),
  },
  Unauthenticated: {
    description: "No credential came with the request, or none that is known.",
    reply: reply(new UnauthenticatedError("")),
  },
  Forbidden: {
    description: "The Partner App lacks the scope.",
    reply: reply(new ForbiddenError(READ_SCOPE)),
  },
  NotFound: {
    description:
      "No such job: there is none of this ID, it is another shop's or another Partner App's, or it has expired.",
    reply: reply(new JobNotFoundError()),
  },
  NotAcceptable: {
    description: "`Accept` refuses the media type that can be had.",
    reply: sentences(406, ["Only application/json can be had here."]),
  },
  Unfinished: { description: "The job waits or runs.", reply: reply(new JobUnfinishedError()) },
  PayloadTooLarge: {
    description: "The payload is too large.",
    reply: reply(
      new PayloadTooLargeError("The payload takes 300000 bytes as JSON; at most 262144 are allowed."),
    ),
  },
  NoSuchPart: { description: "The file has no such part.", reply: reply(new UnsatisfiableRange(46)) },
  IdempotencyConflict: {
    description: "The idempotency key was used before, for another payload.",
    reply: reply(new IdempotencyConflictError()),
  },
  TooManyWaiting: {
    description: "As many jobs of the kind wait already as a shop may have waiting.",
    reply: reply(new JobLimitError("newsletter-recipients", 100, 5)),
  },
  TooManyFollowers: {
    description: "The caller follows too many jobs at once.",
    reply: reply(new FollowLimitError(0)),
  },
  Failure: {
    description: "Something went wrong on the server. The reference is for its operator.",
    reply: reply(new Error()),
  },
  Outage: {
    description: "Jobs can be neither read nor written at the moment.",
    reply: reply(new StoreBusyError()),
  },
} as const;

export type Refusal = keyof typeof REFUSALS;

function reply(error: Error): JsonReply {
  return errorReply(error, () => "f3a91c0be27d");
}

/** The refusals as an operation's `responses`, by status. */
export function refusalsOf(refusals: readonly Refusal[]): JsonObject {
  return Object.fromEntries(
    refusals.map((name) => [String(REFUSALS[name].reply.status), refTo("responses", name)]),
  );
}

/** The refusals as components. */
export const REFUSAL_COMPONENTS: JsonObject = Object.fromEntries(
  Object.entries(REFUSALS).map(([name, { description, reply }]) => [
    name,
    {
      description,
      headers: headersOf({ always: Object.keys(reply.headers).filter(isDescribed) }),
      content: {
        "application/json": { schema: refTo("schemas", "Errors"), example: JSON.parse(reply.body) },
      },
    },
  ]),
);
