import { describeError } from "./errors.js";
import type { Log } from "./events.js";

/** Warnings and errors as lines on the console; the rest is dropped. */
export const logToConsole: Log = (level, message, fields = {}) => {
  if (level !== "warn" && level !== "error") return;
  const { error, ...facts } = fields;
  const line = Object.keys(facts).length === 0 ? message : `${message} ${JSON.stringify(facts)}`;
  console[level](`async-jobs: ${line}`, ...(error === undefined ? [] : [describeError(error)]));
};
