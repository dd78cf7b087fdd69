import type { JobListQuery } from "../accessor.js";
import { InvalidQueryError } from "../errors.js";
import { JOB_STATUSES } from "../job.js";

/** @throws InvalidQueryError with a sentence for the caller */
export function parseListQuery(parameters: URLSearchParams): JobListQuery {
  const [limit, status, kind, cursor] = ["limit", "status", "kind", "cursor"].map((name) =>
    single(parameters, name),
  );
  return {
    ...(limit === undefined ? undefined : { limit: /^[0-9]{1,9}$/.test(limit) ? Number(limit) : Number.NaN }),
    ...(status === undefined ? undefined : { status: statusOf(status) }),
    ...(kind === undefined ? undefined : { kind }),
    ...(cursor === undefined ? undefined : { cursor }),
  };
}

function single(parameters: URLSearchParams, name: string): string | undefined {
  const [value, ...more] = parameters.getAll(name);
  if (more.length > 0) throw new InvalidQueryError(`The parameter ${name} is given more than once.`);
  return value;
}

function statusOf(text: string) {
  const status = JOB_STATUSES.find((known) => known === text);
  if (status === undefined)
    throw new InvalidQueryError(`The status must be one of ${JOB_STATUSES.join(", ")}.`);
  return status;
}
