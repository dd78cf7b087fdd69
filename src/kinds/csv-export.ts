import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../clock.js";
import { InvalidResultError } from "../errors.js";
import type { AttemptFile, HandlerContext } from "../handler-context.js";
import { cellOf, csvOf } from "./csv.js";
import type { ExportPlace } from "./export-place.js";
import { openRows, type Rows } from "./rows.js";

export interface CsvExportSettings<Row> {
  /** Fields of the rows, in the order of the file's columns, and the heads of these. */
  readonly columns: readonly string[];
  /** Where a row stands in its source, if the source can go on from there. */
  readonly keyOf: ((row: Row) => string) | undefined;
  /** Milliseconds. */
  readonly checkpointEvery: number;
  readonly clock: Clock;
}

/**
 * Writes rows into the job's CSV file, after those that an earlier attempt wrote. However that ends, the source is
 * closed, at once when the signal aborts. Keeps two batches of rows in memory, and holds the event loop for no
 * longer than one takes.
 */
export async function exportCsv<Row>(
  source: Rows<Row>,
  settings: CsvExportSettings<Row>,
  context: HandlerContext<unknown>,
  place: ExportPlace | undefined,
): Promise<void> {
  const { signal, log } = context;
  const rows = openRows(source);
  const close = (): void => {
    rows.close().catch((error: unknown) => log("warn", "the source of an export failed to close", { error }));
  };
  signal.addEventListener("abort", close, { once: true });
  try {
    signal.throwIfAborted();
    const csv = new CsvFile(await context.file({ type: "text/csv" }), settings, context, place);
    for (;;) {
      const next = rows.next();
      const step = "then" in next ? await next : next;
      if (step.done === true) break;
      csv.take(step.value);
      if (csv.isBatchFull()) await csv.endBatch();
    }
    await csv.end();
  } catch (error) {
    close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

/**
 * A batch is full by any of these: rows, characters of their cells, milliseconds since it was begun. Measured,
 * batches of 1,000 rows take a tenth longer.
 */
const BATCH = Object.freeze({ rows: 100, characters: 32 * 1024, time: 10 });

/** A CSV file while rows are written into it, batch by batch. */
class CsvFile<Row> {
  readonly #file: AttemptFile;
  readonly #settings: CsvExportSettings<Row>;
  readonly #context: HandlerContext<unknown>;
  readonly #columns: readonly string[];
  /** The rows of this batch that are to be written. */
  #records: (readonly string[])[] = [];
  #taken = 0;
  #characters = 0;
  #begunAt: number;
  /** The batch before this one. */
  #writing: Promise<void> | undefined;
  /** All rows so far, and those of them that are still to come by again. */
  #rows: number;
  #again: number;
  #last: Row | undefined;
  #savedAt: number;

  constructor(
    file: AttemptFile,
    settings: CsvExportSettings<Row>,
    context: HandlerContext<unknown>,
    place: ExportPlace | undefined,
  ) {
    this.#file = file;
    this.#settings = settings;
    this.#context = context;
    this.#columns = place?.columns ?? settings.columns;
    if (place === undefined) this.#records.push(this.#columns);
    this.#rows = place?.rows ?? 0;
    this.#again = settings.keyOf === undefined || place?.key === undefined ? this.#rows : 0;
    this.#begunAt = settings.clock.now();
    this.#savedAt = this.#begunAt;
  }

  take(row: Row): void {
    this.#taken += 1;
    if (this.#again > 0) {
      this.#again -= 1;
      return;
    }
    const fields = fieldsOf(row);
    let characters = 0;
    const record = this.#columns.map((column) => {
      const cell = cellOf(fields[column]);
      characters += cell.length;
      return cell;
    });
    this.#records.push(record);
    this.#characters += characters;
    this.#rows += 1;
    this.#last = row;
    this.#context.progress(this.#rows);
  }

  isBatchFull(): boolean {
    return (
      this.#taken >= BATCH.rows ||
      this.#characters >= BATCH.characters ||
      this.#since(this.#begunAt) >= BATCH.time
    );
  }

  /** Writes the batch, saves a checkpoint if it is time, and gives the rest of the process a turn. */
  async endBatch(): Promise<void> {
    await this.#write();
    if (this.#since(this.#savedAt) >= this.#settings.checkpointEvery) {
      await this.#writing;
      await this.#context.checkpoint(this.#place());
      this.#savedAt = this.#settings.clock.now();
    }
    await nextTurn();
    this.#taken = 0;
    this.#begunAt = this.#settings.clock.now();
  }

  async end(): Promise<void> {
    await this.#write();
    await this.#writing;
  }

  /** The disk writes one batch while the next is made. */
  async #write(): Promise<void> {
    await this.#writing;
    this.#context.signal.throwIfAborted();
    if (this.#records.length === 0) return;
    this.#writing = this.#file.write(csvOf(this.#records));
    // It is waited for later, and fails the export then.
    this.#writing.catch(() => {});
    this.#records = [];
    this.#characters = 0;
  }

  #place(): ExportPlace {
    const { keyOf } = this.#settings;
    const place = { rows: this.#rows, columns: this.#columns };
    return keyOf === undefined || this.#last === undefined ? place : { ...place, key: keyOf(this.#last) };
  }

  /** Milliseconds, also when the clock was put back meanwhile. */
  #since(time: number): number {
    return Math.abs(this.#settings.clock.now() - time);
  }
}

/** A row that is a string is an email address. */
function fieldsOf(row: unknown): Readonly<Record<string, unknown>> {
  if (typeof row === "string") return { email: row };
  if (isObject(row)) return row;
  throw new InvalidResultError(`A row is an object or an email address; this one is ${String(row)}.`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
