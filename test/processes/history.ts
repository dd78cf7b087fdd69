import type { At, Child } from "./child.js";
import type { HistoryMessage } from "./history.child.js";
import type { JobCall, JobOperation } from "./job-model.js";

/** What all processes together did to each job, by the job's ID. */
export function historiesOf(
  ids: readonly string[],
  children: readonly Pick<Child<HistoryMessage>, "told">[],
): ReadonlyMap<string, readonly JobOperation[]> {
  const histories = new Map<string, JobOperation[]>(ids.map((id) => [id, []]));
  for (const { told } of children) {
    const ends = new Map(told.flatMap((one) => (one.type === "end" ? [[one.number, one] as const] : [])));
    for (const begun of told) {
      if (begun.type !== "begin") continue;
      const ended = ends.get(begun.number);
      for (const id of begun.id === undefined ? ids : [begun.id]) {
        histories.get(id)?.push(operationOf(id, begun, ended));
      }
    }
  }
  return histories;
}

type Begun = Extract<HistoryMessage, { readonly type: "begin" }> & At;
type Ended = Extract<HistoryMessage, { readonly type: "end" }> & At;

function operationOf(id: string, { call, at: begin }: Begun, ended: Ended | undefined): JobOperation {
  if (ended === undefined) return { ...call, begin, end: Number.POSITIVE_INFINITY };
  // A claim that says nothing of a job has done nothing to it.
  const answer = ended.answers[id] ?? { leavesSome: ended.leavesSome };
  return { ...call, answer, begin, end: ended.at } as JobCall & JobOperation;
}
