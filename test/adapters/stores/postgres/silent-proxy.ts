import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Stands between clients and a server, and can let connections go silent without closing them. */
export interface SilentProxy {
  /** The server's URL, by way of the proxy. */
  readonly url: string;
  /** From now on nothing passes over the connections that are open, in one direction or both. New ones work. */
  silence(direction: "answers" | "all"): void;
  /** From now on new connections are accepted, and silent from their beginning. */
  block(): void;
  /** New ones work again. */
  unblock(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export async function startSilentProxy(serverUrl: string): Promise<SilentProxy> {
  const target = new URL(serverUrl);
  const pairs = new Set<Pair>();
  let blocked = false;
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    const pair = { client, server };
    pairs.add(pair);
    if (blocked) {
      client.resume();
    } else {
      client.pipe(server);
      server.pipe(client);
    }
    for (const socket of [client, server]) {
      socket.on("error", () => {});
      socket.on("close", () => {
        pairs.delete(pair);
        client.destroy();
        server.destroy();
      });
    }
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("the proxy listens on a port");
  const url = new URL(serverUrl);
  url.port = String(address.port);
  return {
    url: url.href,
    silence(direction) {
      for (const { client, server } of pairs) {
        server.unpipe(client);
        server.resume();
        if (direction === "answers") continue;
        client.unpipe(server);
        client.resume();
      }
    },
    block() {
      blocked = true;
    },
    unblock() {
      blocked = false;
    },
    async close() {
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
      proxy.close();
      await once(proxy, "close");
    },
  };
}
