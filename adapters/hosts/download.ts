import type { ServerResponse } from "node:http";
import { finished, type Readable } from "node:stream";

/**
 * Breaks the connection off, and tells, when a file fails in mid-download: the caller must not take a part for
 * the whole. A caller who hangs up is no error.
 */
export function guardDownload(
  file: Readable,
  response: ServerResponse,
  onFailure: (error: unknown) => void,
): void {
  finished(file, (error) => {
    // Once the connection is gone, the file's end is a consequence of that.
    const hungUp = response.destroyed || response.socket?.destroyed === true;
    if (error === undefined || error === null || hungUp) return;
    onFailure(error);
    response.destroy();
  });
}
