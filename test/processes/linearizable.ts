/** One call on one object. Times by a clock that all callers share. */
export interface Operation {
  readonly begin: number;
  /** Infinity when its caller died before the answer: it may have taken effect, or may not. */
  readonly end: number;
}

/** How one object behaves when calls come one after another. */
export interface Model<State, Op extends Operation> {
  readonly initial: State;
  /** The states that the object may be in after the call; none when it could not have answered so. */
  step(state: State, operation: Op): readonly State[];
}

/**
 * Whether the calls of many can be put in one order, each somewhere between its begin and its end, in which the
 * model would have given every answer: Wing and Gong's search, which remembers where it was in vain.
 */
export function isLinearizable<State, Op extends Operation>(
  history: readonly Op[],
  model: Model<State, Op>,
): boolean {
  const operations = [...history].sort((one, other) => one.begin - other.begin);
  const inVain = new Set<string>();

  /** All calls before `first` are in order already, and of the others those in `done`. */
  function search(first: number, done: ReadonlySet<number>, state: State): boolean {
    if (done.has(first)) return search(first + 1, without(done, first), state);
    const { next, firstEnd } = nextOf(operations, first, done);
    // What is left has no answer, and may never have happened.
    if (firstEnd === Number.POSITIVE_INFINITY) return true;
    const place = `${first} ${[...done].sort()} ${JSON.stringify(state)}`;
    if (inVain.has(place)) return false;
    for (const [index, operation] of next) {
      const now = new Set(done).add(index);
      for (const after of model.step(state, operation)) if (search(first, now, after)) return true;
    }
    inVain.add(place);
    return false;
  }

  return search(0, new Set(), model.initial);
}

/** The calls that may come next: none of the others that are left had ended before they began. */
function nextOf<Op extends Operation>(operations: readonly Op[], first: number, done: ReadonlySet<number>) {
  const next: (readonly [number, Op])[] = [];
  let firstEnd = Number.POSITIVE_INFINITY;
  for (let index = first; index < operations.length; index += 1) {
    const operation = operations[index];
    if (operation === undefined || operation.begin > firstEnd) break;
    if (done.has(index)) continue;
    next.push([index, operation]);
    firstEnd = Math.min(firstEnd, operation.end);
  }
  return { next: next.filter(([, { begin }]) => begin <= firstEnd), firstEnd };
}

function without(done: ReadonlySet<number>, index: number): ReadonlySet<number> {
  return new Set([...done].filter((one) => one !== index));
}
