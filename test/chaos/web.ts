import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { asyncJobsHandler } from "../../adapters/hosts/node.js";
import type { Kind } from "../../src/index.js";
import { blueBottle, type EngineOptions, openShared } from "../processes/engine.js";

/** A host that starts and shows jobs: `POST /start/{kind}/{name}`, and the API. Runs none by itself. */
export async function serve(folder: string, options: EngineOptions<readonly Kind[]>) {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const jobs = openShared(folder, { ...options, publicUrl: url });
  const handle = asyncJobsHandler(jobs, { authenticate: () => blueBottle });
  server.on("request", async (request, response) => {
    const [, start, name = "", payload = ""] = (request.url ?? "").split("/");
    const kind = options.kinds.find((one) => one.name === name);
    if (start === "start" && kind !== undefined) {
      const { status, headers, body } = await jobs.as(blueBottle).respond.create(kind.name, payload);
      response
        .writeHead(status, { ...headers, "Content-Type": "application/json" })
        .end(JSON.stringify(body));
    } else if (!(await handle(request, response))) {
      response.writeHead(404).end();
    }
  });
  return {
    url,
    jobs,
    async close() {
      server.closeAllConnections();
      server.close();
      await jobs.close();
    },
  };
}
