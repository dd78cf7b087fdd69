import { createClient, RefusedError } from "../../src/client/index.js";

/** What a page of a browser does with the client. Gives what it saw, as JSON. */
export async function exportTable(
  baseUrl: string,
  fetch?: (url: string, init: RequestInit) => Promise<Response>,
): Promise<string> {
  const client = createClient({
    baseUrl,
    authenticate: { "X-ApiKey": "blue-bottle" },
    patience: 0,
    ...(fetch !== undefined && { fetch }),
  });
  const { id } = await client.start("/start", { body: {}, kind: "table", idempotencyKey: "order-1" });
  const again = await client.start("/start", { body: {}, kind: "table", idempotencyKey: "order-1" });
  const job = await client.wait(id);
  const listed: string[] = [];
  for await (const { id } of client.list({ pageSize: 1 })) listed.push(id);
  const { stream, fileName } = await client.download(job, { signal: new AbortController().signal });
  const { length } = await new Response(stream).text();
  await client.erase(id);
  const refusal = await client
    .get(id)
    .catch((error: unknown) => (error instanceof RefusedError ? `${error.name} ${error.code}` : error));
  const isFirst = again.id === id && listed.join() === id && fileName === `${id}.csv`;
  return JSON.stringify({ isFirst, status: job.status, length, refusal });
}
