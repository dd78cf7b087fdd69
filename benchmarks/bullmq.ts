import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Bench, Figures } from "./question.js";

/** BullMQ on an empty Redis; no figures where there is none. */
export async function onBullMQ(
  { servers: { redis } }: Bench,
  measure: (bull: {
    readonly queue: Queue;
    startWorker(concurrency: number, handle: () => void): Worker;
  }) => Promise<Figures>,
): Promise<Figures> {
  if (redis === null) return {};
  // null: its workers ask for it.
  const connection = new Redis(redis, { maxRetriesPerRequest: null });
  await connection.flushall();
  const queue = new Queue("noop", { connection });
  const figures = await measure({
    queue,
    startWorker: (concurrency, handle) =>
      new Worker("noop", async () => handle(), { connection, concurrency }),
  });
  await queue.close();
  connection.disconnect();
  return figures;
}
