import { setTimeout as sleep } from "node:timers/promises";
import { PublicError } from "async-jobs";

/** A newsletter of a shop, with the people it went to. */
export interface Newsletter {
  readonly shop: string;
  recipients(signal: AbortSignal): AsyncIterable<Recipient> | Iterable<Recipient>;
}

export interface Recipient {
  readonly email: string;
  readonly sentAt: Date;
  readonly deliveredAt?: Date;
  readonly openedAt?: Date;
  readonly clickedAt?: Date;
}

const SENT_AT = Date.UTC(2017, 0, 3, 16, 0, 0);
const MINUTE = 60_000;

/** Everybody gets the mail, every second opens it, every tenth follows a link. */
function recipient(email: string, index: number): Recipient {
  return {
    email,
    sentAt: new Date(SENT_AT),
    deliveredAt: new Date(SENT_AT + MINUTE),
    ...(index % 2 === 0 ? { openedAt: new Date(SENT_AT + 5 * MINUTE) } : undefined),
    ...(index % 10 === 0 ? { clickedAt: new Date(SENT_AT + 6 * MINUTE) } : undefined),
  };
}

/** The address of the recipient of that index, from 0: `customer0000001@example.com` is the first. */
export function emailOf(index: number): string {
  return `customer${String(index + 1).padStart(7, "0")}@example.com`;
}

function* many(count: number): Iterable<Recipient> {
  for (let index = 0; index < count; index += 1) yield recipient(emailOf(index), index);
}

async function* slowly(count: number, pauseMs: number, signal: AbortSignal): AsyncIterable<Recipient> {
  for (const row of many(count)) {
    await sleep(pauseMs, undefined, { signal });
    yield row;
  }
}

/** Addresses that a spreadsheet would run, or a careless CSV writer would break. */
const AWKWARD = ["=cmd|' /C calc'!A0@example.com", '"Doe, Jane"@example.com', "ann@example.com"];

/** Fixed data, so that anyone can script against it. */
const NEWSLETTERS: Readonly<Record<string, Newsletter>> = {
  "57b5aa3b046abfb053d80b01": { shop: "blue-bottle", recipients: () => AWKWARD.map(recipient) },
  "57b5aa3b046abfb053d80b02": { shop: "blue-bottle", recipients: () => many(10_000) },
  "57b5aa3b046abfb053d80b03": { shop: "blue-bottle", recipients: () => many(1_000_000) },
  "57b5aa3b046abfb053d80b04": {
    shop: "blue-bottle",
    recipients: () => {
      throw new PublicError("Something terrible has happened. Get in touch with support tout de suite!");
    },
  },
  "57b5aa3b046abfb053d80b05": {
    shop: "blue-bottle",
    recipients: () => {
      throw new Error("connect ECONNREFUSED postgres://admin:correct-horse@10.0.0.7/mail");
    },
  },
  "57b5aa3b046abfb053d80b06": {
    shop: "blue-bottle",
    recipients: (signal) => slowly(600, 200, signal),
  },
  "57b5aa3b046abfb053d80c01": { shop: "red-barn", recipients: () => many(10) },
};

/** The shop's newsletter; undefined when there is none of that ID, or another shop's. */
export function findNewsletter(id: string, shop: string): Newsletter | undefined {
  const newsletter = Object.hasOwn(NEWSLETTERS, id) ? NEWSLETTERS[id] : undefined;
  return newsletter?.shop === shop ? newsletter : undefined;
}
