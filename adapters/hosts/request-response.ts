import { Readable } from "node:stream";
import type { PlainRequest, Reply } from "../../src/index.js";

/** What the API reads of a `Request`. */
export function plainRequestOf<HostRequest>(
  request: Request,
  hostRequest: HostRequest,
): PlainRequest<HostRequest> {
  return {
    method: request.method,
    url: request.url,
    header: (name) => request.headers.get(name) ?? undefined,
    onHangUp(listener) {
      // Some hosts make a signal when it is first asked for.
      const { signal } = request;
      if (signal.aborted) listener();
      else signal.addEventListener("abort", listener, { once: true });
    },
    hostRequest,
  };
}

/** Statuses whose `Response` takes no body, not even an empty one. */
const WITHOUT_BODY = [204, 304];

/**
 * The answer as a `Response`. A file is read as its reader asks for it, and let go when the reader cancels, as
 * servers do when the caller hangs up. One that fails breaks off: of the reason only `onFailure` is told, for
 * servers may show the caller what a stream failed with.
 */
export function responseOf({ status, headers, body }: Reply, onFailure: (error: unknown) => void): Response {
  if (body instanceof Readable) return new Response(webStreamOf(body, onFailure), { status, headers });
  return new Response(body === "" || WITHOUT_BODY.includes(status) ? null : body, { status, headers });
}

function webStreamOf(file: Readable, onFailure: (error: unknown) => void): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = file[Symbol.asyncIterator]();
  let cancelled = false;
  const source = {
    async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
      try {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        // Once nobody reads, the file's end is a consequence of that.
        if (cancelled) return;
        onFailure(error);
        controller.error(new Error("The download broke off."));
      }
    },
    cancel(): void {
      cancelled = true;
      file.destroy();
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
