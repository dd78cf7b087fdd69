import { dirname, join } from "node:path";
import { createAsyncJobs } from "async-jobs";
import { newsletterEmails } from "async-jobs/kinds/newsletter-emails";
import { newsletterRecipients } from "async-jobs/kinds/newsletter-recipients";
import { memoryStore } from "async-jobs/memory";
import { postgresStore } from "async-jobs/postgres";
import { folderResults } from "async-jobs/results/folder";
import { memoryResults } from "async-jobs/results/memory";
import { databaseResults } from "async-jobs/results/postgres";
import { sqliteStore } from "async-jobs/sqlite";
import { findNewsletter } from "./newsletters.js";
import type { Settings, StoreSetting } from "./settings.js";
import { tellShopsAt } from "./webhook.js";

/** A store that is there, once a server was started where one was wanted. */
export type OpenStoreSetting =
  | Exclude<StoreSetting, { readonly type: "postgres" }>
  | { readonly type: "postgres"; readonly url: string };

/** Between attempts, so that whoever tries the newsletter that always fails sees it soon. */
const SHORT_WAITS = { base: 100, max: 500 };

export type ShopJobs = ReturnType<typeof createShopJobs>;

/** The engine of the demo server: the two shipped kinds over the shops' newsletters. */
export function createShopJobs(
  publicUrl: string,
  store: OpenStoreSetting,
  { expireAfter, webhook }: Pick<Settings, "expireAfter" | "webhook">,
) {
  return createAsyncJobs({
    ...openStores(store),
    publicUrl,
    ...(expireAfter === undefined ? undefined : { expireAfter }),
    ...(webhook === undefined ? undefined : { webhooks: tellShopsAt(webhook) }),
    kinds: [
      newsletterRecipients({
        recipients: (id, shop, signal) => findNewsletter(id, shop)?.recipients(signal),
        backoff: SHORT_WAITS,
      }),
      newsletterEmails({
        emails: (id, shop, signal) => findNewsletter(id, shop)?.recipients(signal),
        backoff: SHORT_WAITS,
      }),
    ],
  });
}

/** Result files lie in the database, or beside it if that is a file. */
function openStores(store: OpenStoreSetting) {
  if (store.type === "memory") return { store: memoryStore(), results: memoryResults() };
  if (store.type === "postgres") {
    return { store: postgresStore(store.url), results: databaseResults(store.url) };
  }
  const { file, synchronous } = store;
  return {
    store: sqliteStore(file, synchronous === undefined ? {} : { synchronous }),
    results: folderResults(join(dirname(file), "results")),
  };
}
