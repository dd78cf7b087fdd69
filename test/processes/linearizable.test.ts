import { describe, expect, it } from "vitest";
import { type JobCall, type JobOperation, jobModel } from "./job-model.js";
import { isLinearizable, type Model, type Operation } from "./linearizable.js";

type Access = Operation & { readonly write?: number; readonly read?: number };

const register: Model<number, Access> = {
  initial: 0,
  step: (state, { write, read }) => (write !== undefined ? [write] : read === state ? [state] : []),
};
const never = Number.POSITIVE_INFINITY;

describe("a history of calls", () => {
  it.each<[string, readonly Access[]]>([
    ["is empty", []],
    ["comes in one order", [at(0, 1, { write: 1 }), at(2, 3, { read: 1 })]],
    ["reads what is being written", [at(0, 9, { write: 1 }), at(1, 2, { read: 0 }), at(3, 4, { read: 1 })]],
    ["needs the other order than the calls began in", [at(0, 9, { read: 1 }), at(1, 8, { write: 1 })]],
    ["has a write without an answer that took effect", [at(0, never, { write: 1 }), at(5, 6, { read: 1 })]],
    ["has a write without an answer that took none", [at(0, never, { write: 1 }), at(5, 6, { read: 0 })]],
  ])("is sound when it %s", (_name, history) => {
    expect(isLinearizable(history, register)).toBe(true);
  });

  it.each<[string, readonly Access[]]>([
    ["reads what nobody wrote", [at(0, 1, { read: 7 })]],
    ["reads an old value after a write has ended", [at(0, 1, { write: 1 }), at(2, 3, { read: 0 })]],
    [
      "reads the new value, and then the old",
      [at(0, 9, { write: 1 }), at(1, 2, { read: 1 }), at(3, 4, { read: 0 })],
    ],
    ["reads a value before its write began", [at(0, 1, { read: 1 }), at(2, never, { write: 1 })]],
  ])("is not when it %s", (_name, history) => {
    expect(isLinearizable(history, register)).toBe(false);
  });
});

describe("the history of a job", () => {
  const started = call(0, { call: "insert", answer: "created" });
  const claimed = call(1, { call: "claim", now: 0, leaseUntil: 10, answer: { fence: 1 } });
  const takenOver = call(2, {
    call: "claim",
    now: 10,
    leaseUntil: 20,
    answer: { rescuedWithDeaths: 1, fence: 2 },
  });
  const settle = (time: number, fence: number, answer: "took effect" | "lost"): JobOperation =>
    call(time, { call: "settle", fence, outcome: `done by ${fence}`, answer });
  const find = (time: number, answer: "absent" | "pending" | "done by 1" | "done by 2") =>
    call(time, { call: "find", answer });

  it.each<[string, readonly JobOperation[]]>([
    ["is done once", [started, claimed, settle(3, 1, "took effect"), find(4, "done by 1")]],
    ["is taken over", [started, claimed, takenOver, settle(3, 1, "lost"), settle(4, 2, "took effect")]],
    ["waits after its runner died in a claim", [started, { ...unanswered(claimed) }, find(3, "pending")]],
  ])("is sound when it %s", (_name, history) => {
    expect(isLinearizable(history, jobModel)).toBe(true);
  });

  it.each<[string, readonly JobOperation[]]>([
    ["is gone after it was started", [started, find(1, "absent")]],
    [
      "is claimed twice",
      [started, claimed, call(2, { call: "claim", now: 5, leaseUntil: 15, answer: { fence: 2 } })],
    ],
    ["is put back too early", [started, claimed, { ...takenOver, now: 9 } as JobOperation]],
    [
      "is settled by two",
      [started, claimed, takenOver, settle(3, 1, "took effect"), settle(4, 2, "took effect")],
    ],
    ["is settled by none", [started, claimed, takenOver, settle(3, 1, "lost"), settle(4, 2, "lost")]],
    ["is pending again", [started, claimed, settle(3, 1, "took effect"), find(4, "pending")]],
    [
      "is left with a runner that died",
      [started, claimed, call(2, { call: "claim", now: 99, leaseUntil: 199, answer: {} })],
    ],
  ])("is not when it %s", (_name, history) => {
    expect(isLinearizable(history, jobModel)).toBe(false);
  });
});

function at(begin: number, end: number, access: Omit<Access, keyof Operation>): Access {
  return { ...access, begin, end };
}

/** A call that ends before any at a later time begins. */
function call(time: number, made: JobCall): JobOperation {
  return { ...made, begin: time, end: time + 0.5 };
}

function unanswered(operation: JobOperation): JobOperation {
  const { answer: _answer, ...made } = operation;
  return { ...made, end: never } as JobOperation;
}
