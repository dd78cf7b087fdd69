import type { ServerResponse } from "node:http";

/** `onHangUp` of a request, by the answer that it waits for. */
export function hangUpOf(response: ServerResponse): (listener: () => void) => void {
  return (listener) => {
    if (response.destroyed) listener();
    else response.once("close", listener);
  };
}
