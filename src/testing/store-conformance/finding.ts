import assert from "node:assert/strict";
import type { Visibility } from "../../principal.js";
import { claimOne, finish, newJob, SHOP, START, start, WEEK } from "./jobs.js";
import type { StoreCases } from "./stage.js";

const MAILER = { shop: SHOP, app: "mailer" };

export const finding: StoreCases = {
  "shows a shop all its jobs, whoever started them": async ({ store }) => {
    const [own, byApp] = [await start(store), await start(store, { app: "mailer" })];
    for (const { id } of [own, byApp]) assert.equal((await store.find(id, { shop: SHOP }, START))?.id, id);
  },

  "shows an app the jobs that it started for that shop, and nothing else": async ({ store }) => {
    const visible = await start(store, MAILER);
    const hidden = [
      await start(store),
      await start(store, { app: "printer" }),
      await start(store, { shop: "red-barn" }),
      await start(store, { shop: "red-barn", app: "mailer" }),
    ];
    assert.equal((await store.find(visible.id, MAILER, START))?.id, visible.id);
    for (const { id } of hidden) assert.equal(await store.find(id, MAILER, START), undefined);
  },

  "hides a shop's jobs from every other": async ({ store }) => {
    const { id } = await start(store, MAILER);
    const others: readonly Visibility[] = [
      ...["red-barn", "", "BLUE-BOTTLE", "blue-bottle ", "blue_bottle", "blue%", "mailer"].map((shop) => ({
        shop,
      })),
      { shop: "red-barn", app: "mailer" },
      { shop: SHOP, app: "MAILER" },
      { shop: SHOP, app: "" },
    ];
    for (const other of others) assert.equal(await store.find(id, other, START), undefined);
  },

  "hides a job from the millisecond in which it expires": async ({ store }) => {
    const finished = await finish(store, MAILER, { expiresAt: START + 1000 });
    for (const visibility of [{ shop: SHOP }, MAILER]) {
      assert.equal((await store.find(finished.id, visibility, START + 999))?.status, "done");
      assert.equal(await store.find(finished.id, visibility, START + 1000), undefined);
    }
  },

  "never hides a job that is not finished": async ({ store }) => {
    const { id } = await start(store);
    assert.equal((await store.find(id, { shop: SHOP }, START + 1000 * WEEK))?.status, "pending");
    await claimOne(store);
    assert.equal((await store.find(id, { shop: SHOP }, START + 1000 * WEEK))?.status, "pending");
  },

  "finds nothing for IDs that no job has, whatever they look like": async ({ store }) => {
    const { id } = await start(store);
    const odd = ["unknown", "", " ", "\u0000", "\ud800", "é😀", "' or '1'='1", "%", "_", "x".repeat(100_000)];
    for (const other of [...odd, `${id} `, `${id}\u0000`, id.toUpperCase(), id.slice(1)]) {
      assert.equal(await store.find(other, { shop: SHOP }, START), undefined);
      assert.equal(await store.explain(other, START), undefined);
    }
  },

  "tells IDs apart by every letter": async ({ store }) => {
    const ids = ["a", "A", "-", "_", "a".repeat(64), `${"a".repeat(63)}b`];
    await store.insert(
      ids.map((id) => newJob({ id })),
      START,
    );
    for (const id of ids) assert.equal((await store.find(id, { shop: SHOP }, START))?.id, id);
  },
};
