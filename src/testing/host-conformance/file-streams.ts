import { Readable } from "node:stream";

const CHUNK = Buffer.alloc(64 * 1024, 0x7f);

/** A file's stream of one chunk, and of what comes then; by default nothing does, and only the reader can end it. */
export function chunkAnd(then: (stream: Readable) => void = () => {}): Readable {
  let chunks = 0;
  return new Readable({
    read() {
      chunks += 1;
      if (chunks === 1) this.push(CHUNK);
      else then(this);
    },
  });
}

/** Resolves when the stream has let go of what it holds, whether or not it failed. */
export function closeOf(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.on("close", resolve);
  });
}
