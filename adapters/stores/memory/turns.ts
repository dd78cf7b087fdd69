import { Heap } from "./heap.js";
import type { Row } from "./row.js";

/** Jobs of one kind that are ready. */
interface Line {
  readonly rows: Heap<Row>;
  /** The largest turn that was served. */
  served: number;
}

/** A kind that is wanted, while one claim is served. */
interface Wanted {
  readonly line: Line;
  /** The turn that was being served when the claim began. */
  readonly served: number;
  left: number;
}

/** Whether a job's turn comes before another's. */
export function comesFirst(one: Row, other: Row): boolean {
  return one.turn < other.turn || (one.turn === other.turn && one.number < other.number);
}

/** Jobs that are ready, by kind, in the order of their turns. */
export class Turns {
  readonly #lines = new Map<string, Line>();

  served(kind: string): number {
    return this.#lines.get(kind)?.served ?? 0;
  }

  add(row: Row): void {
    this.#of(row.job.kind).rows.add(row);
  }

  remove(row: Row): void {
    this.#lines.get(row.job.kind)?.rows.remove(row);
  }

  /** In no order. */
  ready(kind: string): Iterable<Row> {
    return this.#lines.get(kind)?.rows ?? [];
  }

  /** Takes out up to `limit`, each kind up to its own limit, kinds in step with one another. */
  take(kinds: readonly { readonly kind: string; readonly limit: number }[], limit: number): Row[] {
    const wanted = kinds.map(({ kind, limit: left }): Wanted => {
      const line = this.#of(kind);
      return { line, served: line.served, left };
    });
    const taken: Row[] = [];
    while (taken.length < limit) {
      const next = nextOf(wanted);
      if (next === undefined) break;
      const { row, from } = next;
      from.left -= 1;
      from.line.served = Math.max(from.line.served, row.turn);
      from.line.rows.remove(row);
      taken.push(row);
    }
    return taken;
  }

  #of(kind: string): Line {
    let line = this.#lines.get(kind);
    if (line === undefined) {
      line = { rows: new Heap<Row>(comesFirst), served: 0 };
      this.#lines.set(kind, line);
    }
    return line;
  }
}

/** Among kinds the one whose turn is nearest to the turn that was being served there. */
function nextOf(wanted: readonly Wanted[]): { readonly row: Row; readonly from: Wanted } | undefined {
  let next: { readonly row: Row; readonly from: Wanted; readonly distance: number } | undefined;
  for (const from of wanted) {
    const row = from.left > 0 ? from.line.rows.first : undefined;
    if (row === undefined) continue;
    const distance = row.turn - from.served;
    if (
      next === undefined ||
      distance < next.distance ||
      (distance === next.distance && row.number < next.row.number)
    ) {
      next = { row, from, distance };
    }
  }
  return next;
}
