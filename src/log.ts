import { describeError } from "./describe-error.js";
import type { Log } from "./events.js";

/** Warnings and errors as lines on the console; the rest is dropped. */
export const logToConsole: Log = (level, message, fields = {}) => {
  if (level !== "warn" && level !== "error") return;
  const { error, ...facts } = fields;
  const line = Object.keys(facts).length === 0 ? message : `${message} ${JSON.stringify(facts)}`;
  console[level](`async-jobs: ${line}`, ...(error === undefined ? [] : [describeError(error)]));
};

/** The host's log, which then harms nobody by throwing: the console takes the line instead. */
export function guardLog(log: Log): Log {
  return (level, message, fields) => {
    try {
      log(level, message, fields);
    } catch (error) {
      logToConsole(level, message, fields);
      logToConsole("error", "the log threw", { error });
    }
  };
}
