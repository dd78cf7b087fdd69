const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Milliseconds from the first attempt to each further one, as the API documents them. Then the webhook is dropped. */
export const SCHEDULE: readonly number[] = [
  10 * MINUTE,
  35 * MINUTE,
  1.5 * HOUR,
  4 * HOUR + 20 * MINUTE,
  10.5 * HOUR,
  27 * HOUR,
  72 * HOUR,
];
const LAST = Math.max(...SCHEDULE);

/**
 * When a webhook that failed is sent again, in epoch milliseconds; undefined when it is dropped. Where the endpoint
 * asks for more patience it gets it, up to the last moment of the schedule.
 *
 * @param retryAfter the header of the answer
 */
export function nextSending(
  firstSentAt: number,
  now: number,
  retryAfter: string | undefined,
): number | undefined {
  const next = SCHEDULE.find((delay) => firstSentAt + delay > now);
  if (next === undefined) return undefined;
  const asked = retryAfter === undefined ? now : momentOf(retryAfter, now);
  return Math.min(Math.max(firstSentAt + next, asked), firstSentAt + LAST);
}

/** Whole seconds, or a date; anything else asks for nothing. */
function momentOf(retryAfter: string, now: number): number {
  const text = retryAfter.trim();
  if (/^\d{1,9}$/.test(text)) return now + Number(text) * 1000;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? now : moment;
}
