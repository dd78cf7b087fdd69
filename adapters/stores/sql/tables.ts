import {
  type Generated,
  type KyselyPlugin,
  OperationNodeTransformer,
  type QueryId,
  type SchemableIdentifierNode,
  type Selectable,
  sql,
} from "kysely";

/** The tables of a SQL store, and those of result files in the same database. Times are epoch milliseconds. */
export interface Tables {
  jobs: JobsTable;
  kinds: KindsTable;
  files: FilesTable;
  chunks: ChunksTable;
}

export interface JobsTable {
  /** The store's count of starts; the database gives it. */
  seq: Generated<number>;
  id: string;
  kind: string;
  shop: string;
  app: string | null;
  payload: string;
  state: number;
  turn: number;
  fence: Generated<number>;
  /** A delayed job's next attempt, or the end of a running job's lease; null for all others. */
  due_at: number | null;
  failures: Generated<number>;
  deaths: Generated<number>;
  created_at: number;
  started_at: number | null;
  completed_at: number | null;
  expires_at: number | null;
  /** The result that is a text. A result that is a file has its digest here, and the four columns below. */
  result: string | null;
  file_key: string | null;
  file_bytes: number | null;
  file_type: string | null;
  file_extension: string | null;
  error: string | null;
  detail: string | null;
  /** JSON of a `Checkpoint`. */
  checkpoint: string | null;
  /** JSON of a `Progress`. */
  progress: string | null;
  idempotency_key: string | null;
}

/** A row of jobs as it is read. */
export type JobsRow = Selectable<JobsTable>;

export interface KindsTable {
  kind: string;
  /** The largest turn that was claimed. */
  served: number;
}

export interface FilesTable {
  key: string;
  /** How many it holds; null until it is finished. */
  bytes: number | null;
}

/** The bytes of a file, in rows that never change. */
export interface ChunksTable {
  file: string;
  /** How many bytes of the file come before it. */
  start: number;
  data: Uint8Array;
}

/**
 * A job's state as it is stored. The order serves one index: live states come first, and running jobs stand
 * right before the ready job that is next.
 */
export const STATE = { delayed: 0, running: 1, ready: 2, done: 3, failed: 4 } as const;

/** States below this one are live: not finished. */
const FIRST_FINISHED_STATE = STATE.done;

/**
 * Conditions on `state`, with their numbers as literals: SQLite uses a partial index only where the statement
 * repeats the index's own condition word for word.
 */
export const IS_LIVE = sql<boolean>`state < ${sql.lit(FIRST_FINISHED_STATE)}`;
export const IS_DELAYED = isLive(STATE.delayed);
export const IS_RUNNING = isLive(STATE.running);
export const IS_READY = sql<boolean>`${isLive(STATE.ready)} and due_at is null`;
/** For its first attempt, or for another. */
export const IS_WAITING = sql<boolean>`state in (${sql.lit(STATE.delayed)}, ${sql.lit(STATE.ready)})`;
export const IS_FINISHED = sql<boolean>`expires_at is not null`;

function isLive(state: number) {
  return sql<boolean>`${IS_LIVE} and state = ${sql.lit(state)}`;
}

/** Puts the prefix before the name of every table of ours. */
export function tablePrefix(prefix: string): KyselyPlugin {
  const transformer = new PrefixTransformer(prefix);
  return {
    transformQuery: ({ node, queryId }) => transformer.transformNode(node, queryId),
    transformResult: async ({ result }) => result,
  };
}

class PrefixTransformer extends OperationNodeTransformer {
  readonly #prefix: string;

  constructor(prefix: string) {
    super();
    this.#prefix = prefix;
  }

  protected override transformSchemableIdentifier(
    node: SchemableIdentifierNode,
    queryId?: QueryId,
  ): SchemableIdentifierNode {
    const { identifier, ...rest } = super.transformSchemableIdentifier(node, queryId);
    return TABLE_NAMES.has(identifier.name)
      ? { ...rest, identifier: { ...identifier, name: this.#prefix + identifier.name } }
      : { ...rest, identifier };
  }
}

export const TABLE_NAMES: ReadonlySet<string> = new Set<keyof Tables | "migrations">([
  "jobs",
  "kinds",
  "migrations",
  "files",
  "chunks",
]);
