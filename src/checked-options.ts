import { InvalidOptionError } from "./errors.js";

/** @throws InvalidOptionError for an option that nobody would heed */
export function requireKnown(who: string, options: object, known: object): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  throw new InvalidOptionError(
    `${who} has no option ${JSON.stringify(unknown)}; it has ${Object.keys(known).join(", ")}.`,
  );
}

/** @throws InvalidOptionError unless the value is absent or a whole number of at least `least`. */
export function requireWholeNumber(what: string, value: number | undefined, least = 1): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  // A text in quotes: one from the environment looks like a number without.
  const given = typeof value === "string" ? JSON.stringify(value) : String(value);
  const most =
    typeof value === "number" && value > Number.MAX_SAFE_INTEGER ? `, up to ${Number.MAX_SAFE_INTEGER}` : "";
  throw new InvalidOptionError(`${what} is ${given}; it must be a whole number of at least ${least}${most}.`);
}
