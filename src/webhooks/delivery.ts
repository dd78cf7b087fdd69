import type { Clock } from "../clock.js";
import { WebhookError } from "../errors.js";
import type { HandlerContext } from "../handler-context.js";
import type { IdSource } from "../ids.js";
import type { VisibleJob } from "../job.js";
import type { Visibility } from "../principal.js";
import type { JobStore } from "../store.js";
import type { WebhookAnswer, WebhookEndpoint, Webhooks } from "../webhooks.js";
import { messageOf } from "./message.js";
import { nextSending } from "./schedule.js";

export interface WebhookSurroundings {
  readonly store: JobStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly publicUrl: string;
}

/** What is delivered where. No secret and nothing of the job's result: both are looked up at each sending. */
export type DeliveryPayload = { readonly job: string; readonly endpoint: string };

type Attempt = HandlerContext<DeliveryPayload>;
type Sending = { readonly job: VisibleJob; readonly endpoint: WebhookEndpoint; readonly firstSentAt: number };

/** The endpoint will not have it, ever. */
export const GONE = 410;

/** Delivers the news of one finished job to one endpoint. */
export class Delivery {
  readonly #webhooks: Webhooks;
  readonly #surroundings: WebhookSurroundings;

  constructor(webhooks: Webhooks, surroundings: WebhookSurroundings) {
    this.#webhooks = webhooks;
    this.#surroundings = surroundings;
  }

  /**
   * One attempt. Nothing is sent when the job or the endpoint is gone.
   *
   * @throws WebhookError when the endpoint has not taken it
   */
  async attempt(attempt: Attempt, owner: Visibility): Promise<undefined> {
    const { job: asyncJobId, endpoint: endpointId } = attempt.payload;
    const news = `the webhook of job ${asyncJobId}`;
    const sending = await this.#prepare(attempt, owner).catch((error: unknown) => {
      const since = startOf(attempt) ?? attempt.job.createdAt;
      throw this.#failure(`Nothing was sent: ${news} could not be prepared.`, since, error);
    });
    if (sending === undefined) {
      const gone = { asyncJobId, endpoint: endpointId };
      attempt.log("info", "a webhook is not sent: its job or its endpoint is gone", gone);
      return;
    }
    const { endpoint, firstSentAt } = sending;
    const { status, retryAfter } = await this.#send(attempt, sending, owner).catch((error: unknown) => {
      throw this.#failure(`The endpoint ${endpointId} gave no answer to ${news}.`, firstSentAt, error);
    });
    if (status >= 200 && status < 300) return;
    const answered = `The endpoint ${endpointId} answered ${status} to ${news}.`;
    if (status !== GONE) throw this.#failure(answered, firstSentAt, undefined, retryAfter);
    try {
      await this.#webhooks.disable(endpoint, owner);
    } catch (error) {
      throw this.#failure(`${answered} It could not be disabled.`, firstSentAt, error);
    }
    throw new WebhookError(`${answered} It is disabled.`, undefined);
  }

  /** Undefined when there is nothing to send. */
  async #prepare(attempt: Attempt, owner: Visibility): Promise<Sending | undefined> {
    const { store, clock } = this.#surroundings;
    const { payload, checkpoint } = attempt;
    const endpoints = await this.#webhooks.endpoints(owner);
    const endpoint = endpoints.find(({ id }) => id === payload.endpoint);
    if (endpoint === undefined) return undefined;
    const job = await store.find(payload.job, visibilityOfEndpoint(endpoint, owner), clock.now());
    if (job === undefined) return undefined;
    const before = startOf(attempt);
    if (before !== undefined) return { job, endpoint, firstSentAt: before };
    const firstSentAt = clock.now();
    await checkpoint(firstSentAt);
    return { job, endpoint, firstSentAt };
  }

  async #send(
    { signal }: Attempt,
    { job, endpoint, firstSentAt }: Sending,
    { shop }: Visibility,
  ): Promise<WebhookAnswer> {
    const { clock, ids, publicUrl } = this.#surroundings;
    const { timeout } = this.#webhooks;
    const limit = new AbortController();
    const timer = clock.setTimer(timeout, () => {
      limit.abort(new Error(`There was no answer within ${timeout} ms.`));
    });
    const sentAt = clock.now();
    try {
      return await this.#webhooks.send({
        endpoint,
        id: `msg_${job.id}`,
        attempt: ids(sentAt),
        sentAt,
        publicUrl,
        body: messageOf(job, shop, publicUrl, firstSentAt),
        signal: AbortSignal.any([signal, limit.signal]),
      });
    } finally {
      timer.cancel();
    }
  }

  #failure(message: string, firstSentAt: number, cause: unknown, retryAfter?: string): WebhookError {
    const retryAt = nextSending(firstSentAt, this.#surroundings.clock.now(), retryAfter);
    return new WebhookError(message, retryAt, cause === undefined ? undefined : { cause });
  }
}

/** What an endpoint may hear of: a Partner App's of the app's own jobs. */
export function visibilityOfEndpoint({ app }: WebhookEndpoint, { shop }: Visibility): Visibility {
  return app === undefined ? { shop } : { shop, app };
}

/** When it was first sent; undefined if it was not yet. */
function startOf({ job: { checkpoint } }: Attempt): number | undefined {
  return typeof checkpoint === "number" ? checkpoint : undefined;
}
