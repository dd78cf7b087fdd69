import { Readable } from "node:stream";
import type { JobView } from "../resource.js";
import { jobText } from "./body.js";
import { COMMON_HEADERS, type FileReply, tagOf } from "./reply.js";

/** How often a job is looked at in vain before a comment tells that the connection lives: in at most 16 seconds. */
const LOOKS_IN_SILENCE = 8;

/** What a follower of events knows: the state of the job, and how far it had come. */
interface Known {
  readonly state: string | undefined;
  readonly progress: string | undefined;
}

/** Whether there is nothing more to tell to who has had this event: its job is finished. */
export function isLastEvent(job: JobView, lastEventId: string | undefined): boolean {
  return job.status !== "pending" && lastEventId === tagOf(jobText(job));
}

/**
 * Server-sent events: `job` with the documented JSON whenever that changes, `progress` with `done` and perhaps
 * `total` while it runs. Every event's ID says all that was known with it, so that any process can go on from there.
 *
 * @param looks the job, each time that it was looked at, up to its end
 */
export function eventStreamReply(
  looks: AsyncIterable<JobView>,
  lastEventId: string | undefined,
  onEnd: () => void,
): FileReply {
  const events = writeEvents(looks, knownBy(lastEventId));
  return {
    status: 200,
    headers: {
      "Content-Type": "text/event-stream; charset=utf-8",
      ...COMMON_HEADERS,
      "Cache-Control": "private, no-cache, no-transform",
      "X-Accel-Buffering": "no",
    },
    body: streamOf(events, onEnd),
  };
}

/** Unlike `Readable.from` it does not wait for the next event before it ends. */
function streamOf(events: AsyncGenerator<Buffer>, onEnd: () => void): Readable {
  return new Readable({
    read() {
      events.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, destroyed) {
      onEnd();
      destroyed(error);
    },
  });
}

async function* writeEvents(looks: AsyncIterable<JobView>, known: Known): AsyncGenerator<Buffer> {
  let { state, progress } = known;
  // The first look is told of in any case: with it the headers go out.
  let silence = LOOKS_IN_SILENCE - 1;
  for await (const job of looks) {
    // The same bytes as the answer to GET.
    const body = jobText(job);
    const newState = tagOf(body);
    const newProgress = progressOf(job) ?? progress;
    let text = newState === state ? "" : event("job", newState, body);
    if (job.status === "pending" && newProgress !== undefined && newProgress !== progress) {
      text += event("progress", `${newState}.${newProgress}`, JSON.stringify(job.progress));
    }
    state = newState;
    progress = newProgress;
    silence = text === "" ? silence + 1 : 0;
    if (silence === LOOKS_IN_SILENCE) text = ":\n\n";
    silence %= LOOKS_IN_SILENCE;
    if (text !== "") yield Buffer.from(text);
  }
}

function progressOf(job: JobView): string | undefined {
  if (job.status !== "pending" || job.progress === undefined) return undefined;
  const { done, total } = job.progress;
  return total === undefined ? `${done}` : `${done}/${total}`;
}

function knownBy(lastEventId: string | undefined): Known {
  const [, state, progress] = /^([^.]*)(?:\.(.*))?$/.exec(lastEventId ?? "") ?? [];
  return { state, progress };
}

function event(name: string, id: string, data: string): string {
  return `event: ${name}\nid: ${id}\ndata: ${data}\n\n`;
}
