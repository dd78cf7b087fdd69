import { describe, expect, inject, it } from "vitest";
import { ShiftedClock } from "../crash/engine.js";
import { useChildren } from "../processes/children.js";
import { keepInPostgres } from "../processes/place.js";
import { SECRET } from "./hooks.js";
import type { KilledMessage, KilledSettings } from "./killed.child.js";
import { engineOf, shop } from "./killed.js";
import { openReceiver } from "./receiver.js";

const LEASE = 60_000;

describe.each<[string, (folder: string) => void]>([
  ["SQLite", () => {}],
  ["PostgreSQL", (folder) => keepInPostgres(folder, inject("postgresUrl"))],
])("a webhook of a process that is killed, its jobs in %s", (_database, prepare) => {
  const children = useChildren();

  it.each([
    "after the job is settled",
    "after the job is cancelled",
    "before the deliveries start",
    "before it is sent",
  ] as const)("is sent by the next one: killed %s", async (moment) => {
    const folder = await children.folder();
    prepare(folder);
    const receiver = await openReceiver();
    const settings: KilledSettings = { folder, moment, url: receiver.url };
    const child = children.start<KilledMessage>("webhooks/killed.child", settings);
    const { id } = await child.hears("started");
    expect(await child.ended).toEqual({ code: null, signal: "SIGKILL" });
    expect(receiver.received).toEqual([]);

    const jobs = engineOf(folder, new ShiftedClock(LEASE), () => [
      { id: "hook", url: receiver.url, secret: SECRET },
    ]);
    await jobs.runUntilIdle();
    const job = await jobs.as(shop).get(id);
    await jobs.close();
    expect(receiver.received.map(({ body }) => JSON.parse(body).data)).toMatchObject([
      {
        asyncJobId: id,
        status: job.status,
        completedAt: job.status !== "pending" && job.completedAt.toISOString(),
      },
    ]);
  });
});
