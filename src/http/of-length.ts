import { pipeline, type Readable, Transform } from "node:stream";
import { ResultStoreError } from "../errors.js";

/**
 * The stream, failing when it holds more or fewer bytes than its length says: on a connection that is kept
 * alive, a caller would take the next answer for the rest of a file that is too short.
 */
export function ofLength(source: Readable, bytes: number): Readable {
  let passed = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      done(passed > bytes ? wrongLength(bytes, "more") : null, chunk);
    },
    flush(done) {
      done(passed < bytes ? wrongLength(bytes, `only ${passed}`) : null);
    },
  });
  // Whoever reads the check learns of its errors there.
  return pipeline(source, check, () => {});
}

function wrongLength(bytes: number, found: string): ResultStoreError {
  return new ResultStoreError(
    `A result file should hold ${bytes} bytes and holds ${found}. Was it changed by hand?`,
  );
}
