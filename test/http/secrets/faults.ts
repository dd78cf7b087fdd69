import { inspect } from "node:util";
import * as fc from "fast-check";
import {
  type HandlerContext,
  type HandlerResult,
  InvalidResultError,
  PublicError,
  StoreBusyError,
  StoreClosedError,
  StoreUnavailableError,
} from "../../../src/index.js";

/** Something that a customer must never read. It stands for a password in a connection string, or a path. */
export const SECRET = "hunter2-at-srv-app-secrets";
/** The sentence of a PublicError that was made of a secret one. */
export const PUBLIC = "The segment is gone.";

class NamedBySecret extends Error {
  override name = SECRET;
}

/** Everything that can be thrown with the secret in it. */
export const thrown: fc.Arbitrary<unknown> = fc.oneof(
  { depthSize: "small", withCrossShrink: true },
  fc
    .constantFrom<() => unknown>(
      () => new Error(SECRET),
      () => new TypeError(`cannot read ${SECRET}`),
      () => new NamedBySecret("named by it"),
      () => Object.assign(new Error("at the stack"), { stack: `Error: x\n    at ${SECRET}` }),
      () => Object.assign(new Error("beside"), { code: SECRET, path: SECRET, [SECRET]: 1 }),
      () => Object.assign(new Error("shown"), { toJSON: () => SECRET, [inspect.custom]: () => SECRET }),
      () => new Error("within", { cause: { deep: [new Error(SECRET)] } }),
      () => new AggregateError([new Error(SECRET)], "several"),
      () => SECRET,
      () => ({
        message: SECRET,
        status: 400,
        statusCode: 400,
        expose: true,
        errors: [SECRET],
        issues: [SECRET],
      }),
      () => new StoreBusyError(SECRET),
      () => new StoreUnavailableError("down", { cause: new Error(SECRET) }),
      () => new StoreClosedError(SECRET),
      () => new InvalidResultError(SECRET),
    )
    .map((make) => make()),
);

type Handler = (context: HandlerContext<unknown>) => Promise<HandlerResult> | HandlerResult;

/** Handlers that fail with the secret in what went wrong. */
export const failing: fc.Arbitrary<Handler> = fc.oneof(
  thrown.map(
    (error): Handler =>
      () => {
        throw error;
      },
  ),
  thrown.map(
    (error): Handler =>
      () =>
        Promise.reject(error),
  ),
  thrown.map(
    (cause): Handler =>
      () => {
        throw new PublicError(PUBLIC, { cause });
      },
  ),
  thrown.map(
    (cause): Handler =>
      () => {
        throw new PublicError(PUBLIC, { cause, retry: true });
      },
  ),
  fc.constantFrom<Handler>(
    // Longer than a result may be.
    () => SECRET.repeat(100),
    async ({ file }) => {
      await file({ type: SECRET });
    },
    async ({ file }) => {
      await file({ type: "text/csv", extension: `../${SECRET}` });
    },
    async ({ file }) => {
      await (await file({ type: "text/csv" })).write("x");
      return SECRET;
    },
    async ({ log, progress }) => {
      log("error", SECRET, { SECRET });
      progress(1, 2);
      throw new Error(SECRET);
    },
  ),
);
