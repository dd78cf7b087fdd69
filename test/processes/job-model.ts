import type { Model, Operation } from "./linearizable.js";

/**
 * What one call on the store did to one job. `answer` is what it gave for that job; it is missing where the
 * caller died before there was one.
 */
export type JobOperation = Operation & JobCall;

export type JobCall =
  | { readonly call: "insert"; readonly answer?: "created" | "was there" }
  | ClaimCall
  | (OfClaim & { readonly call: "renew"; readonly leaseUntil: number })
  | (OfClaim & { readonly call: "settle"; readonly outcome: Settled })
  | { readonly call: "cancel" | "find"; readonly answer?: Seen };

interface OfClaim {
  readonly fence: number;
  readonly answer?: "took effect" | "lost";
}

interface ClaimCall {
  readonly call: "claim";
  readonly now: number;
  readonly leaseUntil: number;
  readonly answer?: {
    /** Set when the job was put back to wait. */
    readonly rescuedWithDeaths?: number | undefined;
    /** Set when the job was claimed, by that call, maybe right after. */
    readonly fence?: number | undefined;
    /** Whether the call said that it left some leases that are over to the next claim. */
    readonly leavesSome?: boolean | undefined;
  };
}

/** What ends it for good, as the text that everyone sees from then on; or what lets it wait again. */
export type Settled = "retry" | "release" | Finished;
export type Seen = "absent" | "pending" | Finished;
export type Finished = `done ${string}` | `failed ${string}`;

export const CANCELLED = "failed cancelled";

type JobState =
  | { readonly is: "absent" }
  | { readonly is: "waiting"; readonly fence: number; readonly deaths: number }
  | { readonly is: "running"; readonly fence: number; readonly deaths: number; readonly leaseUntil: number }
  | { readonly is: "finished"; readonly as: Finished };

/** One job, as `JobStore` promises it. */
export const jobModel: Model<JobState, JobOperation> = {
  initial: { is: "absent" },
  step(state, operation) {
    switch (operation.call) {
      case "insert":
        if (state.is !== "absent") return answers(operation, "was there", state);
        return answers(operation, "created", { is: "waiting", fence: 0, deaths: 0 });
      case "claim":
        return claimed(state, operation);
      case "renew":
        if (!holds(state, operation)) return answers(operation, "lost", state);
        return answers(operation, "took effect", { ...state, leaseUntil: operation.leaseUntil });
      case "settle":
        if (!holds(state, operation)) return answers(operation, "lost", state);
        return answers(operation, "took effect", settled(state, operation.outcome));
      case "cancel": {
        const isLive = state.is === "waiting" || state.is === "running";
        const after: JobState = isLive ? { is: "finished", as: CANCELLED } : state;
        return answers(operation, seen(after), after);
      }
      case "find":
        return answers(operation, seen(state), state);
    }
  },
};

type Running = Extract<JobState, { is: "running" }>;

function holds(state: JobState, { fence }: OfClaim): state is Running {
  return state.is === "running" && state.fence === fence;
}

function settled({ fence, deaths }: Running, outcome: Settled): JobState {
  if (outcome === "retry" || outcome === "release") return { is: "waiting", fence, deaths };
  return { is: "finished", as: outcome };
}

function seen(state: JobState): Seen {
  if (state.is === "finished") return state.as;
  return state.is === "absent" ? "absent" : "pending";
}

/** The one state that follows, if the call gave that answer, or none. */
function answers<Answer>(
  { answer }: { readonly answer?: Answer },
  wanted: Answer,
  after: JobState,
): readonly JobState[] {
  return answer === undefined || answer === wanted ? [after] : [];
}

/** First puts it back if its lease has run out, then takes it, or others instead. */
function claimed(state: JobState, { answer, now, leaseUntil }: ClaimCall): readonly JobState[] {
  const isOver = state.is === "running" && state.leaseUntil <= now;
  const back: JobState = isOver ? { is: "waiting", fence: state.fence, deaths: state.deaths + 1 } : state;
  const taken: readonly JobState[] =
    back.is === "waiting" ? [{ is: "running", fence: back.fence + 1, deaths: back.deaths, leaseUntil }] : [];
  if (answer === undefined) return [state, back, ...taken];
  if (answer.leavesSome === true && isOver) return [state];
  if (answer.rescuedWithDeaths !== (isOver && back.is === "waiting" ? back.deaths : undefined)) return [];
  if (answer.fence === undefined) return [back];
  return taken.filter((after) => after.is === "running" && after.fence === answer.fence);
}
