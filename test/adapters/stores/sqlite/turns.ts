import { setImmediate as nextTurn } from "node:timers/promises";

/** Lets the event loop turn many times: a call that held it up would let none pass. */
export async function manyTurns(): Promise<void> {
  for (let turn = 0; turn < 300; turn += 1) await nextTurn();
}

/** Tells at any time whether the promise has settled by then. */
export function isSettled(promise: Promise<unknown>): () => boolean {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  return () => settled;
}
