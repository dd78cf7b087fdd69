export const DAY_MS = 86_400_000;
/** "00" to "59" */
export const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));
/** "00:00:" to "23:59:" */
export const MINUTES_OF_DAY = Array.from(
  { length: 24 * 60 },
  (_, minute) => `${TWO_DIGITS[Math.floor(minute / 60)]}:${TWO_DIGITS[minute % 60]}:`,
);
const SECONDS = TWO_DIGITS.map((second) => `${second}.`);
const MILLISECONDS = Array.from({ length: 1000 }, (_, number) => `${String(number).padStart(3, "0")}Z`);

/** The day that was written last, for the next time is likely of the same. */
let day = Number.NaN;
let dayText = "";

/** What `toISOString` writes, at a fraction of its cost: long lists are made of this. */
export function isoTime(time: Date): string {
  const ms = time.getTime();
  const itsDay = Math.floor(ms / DAY_MS);
  if (itsDay !== day) {
    dayText = time.toISOString().slice(0, -"00:00:00.000Z".length);
    day = itsDay;
  }
  const msOfDay = ms - itsDay * DAY_MS;
  const seconds = Math.floor(msOfDay / 1000);
  const minute = MINUTES_OF_DAY[Math.floor(seconds / 60)];
  return `${dayText}${minute}${SECONDS[seconds % 60]}${MILLISECONDS[msOfDay % 1000]}`;
}
