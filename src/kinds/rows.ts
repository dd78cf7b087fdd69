import { Readable } from "node:stream";
import { InvalidResultError } from "../errors.js";

/** Rows in their order, as they come: a list, a generator, a database cursor, an object stream. */
export type Rows<Row> = Iterable<Row> | AsyncIterable<Row>;

/** Rows while they are read, by one reader, one after another. */
export interface OpenRows<Row> {
  /** The next row: at once where the source has it at once, because a promise for each row costs more than the row. */
  next(): IteratorResult<Row> | Promise<IteratorResult<Row>>;
  /** Tells the source that no more is wanted, also while it is waited for. The first call counts. */
  close(): Promise<void>;
}

/** @throws InvalidResultError when the source is neither iterable nor async iterable */
export function openRows<Row>(source: Rows<Row>): OpenRows<Row> {
  const iterator = iteratorOf(source);
  let closed = false;
  return {
    next: () => iterator.next(),
    async close() {
      if (closed) return;
      closed = true;
      // A stream's iterator would first wait for the stream's next chunk.
      if (source instanceof Readable) source.destroy();
      await iterator.return?.();
    },
  };
}

function iteratorOf<Row>(source: Rows<Row>): Iterator<Row> | AsyncIterator<Row> {
  if (typeof source === "object" && source !== null) {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  throw new InvalidResultError(
    `Rows come as a list, a generator, a cursor or a stream: something iterable; given ${typeof source}.`,
  );
}
