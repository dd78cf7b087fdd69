import { describeError } from "./describe-error.js";
import type { Log } from "./events.js";

/** Warnings and errors as lines on the console; the rest is dropped. */
export const logToConsole: Log = (level, message, fields = {}) => {
  if (level !== "warn" && level !== "error") return;
  const { error, ...facts } = fields;
  const line = Object.keys(facts).length === 0 ? message : `${message} ${textOf(facts)}`;
  console[level](`async-jobs: ${line}`, ...(error === undefined ? [] : [describeError(error)]));
};

/** Handlers log what they like: JSON cannot say all of it. */
function textOf(facts: object): string {
  try {
    return JSON.stringify(facts);
  } catch {
    return describeError(facts);
  }
}

/**
 * The host's log, which then harms nobody by throwing, nor by a promise that rejects: the console takes the line
 * instead.
 */
export function guardLog(log: Log): Log {
  return (level, message, fields) => {
    const fail = (error: unknown): void => {
      logToConsole(level, message, fields);
      logToConsole("error", "the log threw", { error });
    };
    try {
      const returned: unknown = log(level, message, fields);
      if (returned instanceof Promise) returned.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}
