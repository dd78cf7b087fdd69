import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { asyncJobsHandler } from "../../adapters/hosts/node.js";
import { blueBottle, openShared } from "../processes/engine.js";
import { CHAOS_MIX, chaosKinds } from "./kinds.js";

/** A host that starts and shows jobs and runs none: `POST /start/{kind}/{name}`, and the API. */
export async function serve(folder: string) {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const jobs = openShared(folder, { kinds: chaosKinds, publicUrl: url });
  const handle = asyncJobsHandler(jobs, { authenticate: () => blueBottle });
  server.on("request", async (request, response) => {
    const [, start, name = "", payload = ""] = (request.url ?? "").split("/");
    const kind = CHAOS_MIX.find((one) => one === name);
    if (start === "start" && kind !== undefined) {
      const { status, headers, body } = await jobs.as(blueBottle).respond.create(kind, payload);
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
