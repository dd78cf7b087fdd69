/** Milliseconds: the longest pause before a lock is tried again. */
const LONGEST_PAUSE = 32;
/** Tries that wait only for the next turn of the event loop. */
const QUICK_TRIES = 3;

/** Before a lock is tried again. Chance keeps two processes from trying in step for ever. */
export function pause(tries: number, resume: () => void): void {
  if (tries < QUICK_TRIES) setImmediate(resume);
  else setTimeout(resume, 1 + Math.random() * Math.min(LONGEST_PAUSE, 2 ** (tries - QUICK_TRIES)));
}
