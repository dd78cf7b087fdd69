import type { NewJob } from "../job.js";
import type { Kind } from "../kinds.js";
import { backstageOf, isBackstage, servedShop, type Visibility } from "../principal.js";
import { DEFAULT_BACKOFF } from "../retry.js";
import type { WebhookEndpoint, Webhooks } from "../webhooks.js";
import {
  Delivery,
  type DeliveryPayload,
  visibilityOfEndpoint,
  type WebhookSurroundings,
} from "./delivery.js";
import { SCHEDULE } from "./schedule.js";

/** Kinds of the engine's own. No host's kind has a slash in its name. */
const NOTICE = "webhook/notice";
const DELIVERY = "webhook/delivery";

const HOUR = 60 * 60 * 1000;
/** Milliseconds that the host's own functions may take, beside the endpoint's answer. */
const LONGEST_LOOKUP = 60_000;

type NoticePayload = { readonly job: string };

/**
 * The jobs that deliver webhooks. The write that ends a job also starts its notice, so that no crash loses it; the
 * notice starts one delivery for each endpoint, and a delivery is sent until it is taken. All belong to the backstage
 * of the job's shop: nobody sees them, and shops get fair turns of them too.
 */
export class WebhookJobs {
  readonly #webhooks: Webhooks;
  readonly #surroundings: WebhookSurroundings;
  readonly kinds: readonly Kind[];

  constructor(webhooks: Webhooks, surroundings: WebhookSurroundings) {
    this.#webhooks = webhooks;
    this.#surroundings = surroundings;
    const delivery = new Delivery(webhooks, surroundings);
    const rules = { schema: undefined, scope: undefined, backoff: DEFAULT_BACKOFF };
    const notice: Kind<string, unknown, NoticePayload> = {
      ...rules,
      name: NOTICE,
      timeout: LONGEST_LOOKUP,
      concurrency: undefined,
      expireAfter: HOUR,
      // For as long as the job is there.
      attempts: Number.MAX_SAFE_INTEGER,
      run: ({ job, payload }) => this.#startDeliveries(payload.job, ownerOf(job)),
    };
    const deliveries: Kind<string, unknown, DeliveryPayload> = {
      ...rules,
      name: DELIVERY,
      timeout: webhooks.timeout + LONGEST_LOOKUP,
      concurrency: webhooks.concurrency,
      attempts: 1 + SCHEDULE.length,
      expireAfter: 24 * HOUR,
      run: (context) => delivery.attempt(context, ownerOf(context.job)),
    };
    this.kinds = [notice, deliveries];
  }

  /** The job that is to start when a job ends; undefined for webhooks' own jobs, which nobody is told of. */
  noticeOf({ id, shop, app }: Visibility & { readonly id: string }): NewJob | undefined {
    if (isBackstage(shop)) return undefined;
    const payload: NoticePayload = { job: id };
    return this.#newJob(NOTICE, app === undefined ? { shop } : { shop, app }, payload);
  }

  async #startDeliveries(id: string, owner: Visibility): Promise<undefined> {
    const { store, clock } = this.#surroundings;
    const job = await store.find(id, owner, clock.now());
    if (job === undefined) return;
    const endpoints = await this.#webhooks.endpoints(owner);
    const deliveries = endpoints
      .filter((endpoint) => isOf(endpoint, owner))
      .map((endpoint): NewJob => {
        const payload: DeliveryPayload = { job: id, endpoint: endpoint.id };
        // A notice that runs twice starts nothing twice.
        return { ...this.#newJob(DELIVERY, owner, payload), idempotencyKey: `${id} ${endpoint.id}` };
      });
    if (deliveries.length > 0) await store.insert(deliveries, clock.now());
  }

  #newJob(kind: string, { shop, ...app }: Visibility, payload: NoticePayload | DeliveryPayload): NewJob {
    const { clock, ids } = this.#surroundings;
    const createdAt = clock.now();
    const facts = { id: ids(createdAt), kind, payload: JSON.stringify(payload), createdAt };
    return { ...facts, shop: backstageOf(shop), ...app };
  }
}

function isOf(endpoint: WebhookEndpoint, owner: Visibility): boolean {
  const { app } = visibilityOfEndpoint(endpoint, owner);
  return app === undefined || app === owner.app;
}

/** Whose job it is that a webhook's job is about. */
function ownerOf({ shop, app }: Visibility): Visibility {
  return app === undefined ? { shop: servedShop(shop) } : { shop: servedShop(shop), app };
}
