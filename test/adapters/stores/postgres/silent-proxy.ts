import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";

/** Stands between clients and a server, and can let connections go silent without closing them. */
export interface SilentProxy {
  /** The server's URL, by way of the proxy. */
  readonly url: string;
  /** From now on nothing passes over the connections that are open, in one direction or both. New ones work. */
  silence(direction: "answers" | "all"): void;
  /** The next connection by which this text is sent is cut off before it: the server learns not even of its end. */
  cutOffAt(text: string): void;
  /** From now on new connections are accepted, and silent from their beginning. */
  block(): void;
  /** New ones work again. */
  unblock(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** What the client sends, on its way. */
  readonly sent: Transform;
}

export async function startSilentProxy(serverUrl: string): Promise<SilentProxy> {
  const target = new URL(serverUrl);
  const pairs = new Set<Pair>();
  const cutOff = new Set<Socket>();
  let blocked = false;
  let fatal: string | undefined;
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    const sent = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        if (fatal !== undefined && chunk.includes(fatal)) {
          fatal = undefined;
          cutOff.add(server);
        }
        done(null, cutOff.has(server) ? undefined : chunk);
      },
    });
    const pair = { client, server, sent };
    pairs.add(pair);
    if (blocked) {
      client.resume();
    } else {
      client.pipe(sent).pipe(server, { end: false });
      server.pipe(client);
    }
    for (const socket of [client, server]) {
      socket.on("error", () => {});
      socket.on("close", () => {
        pairs.delete(pair);
        client.destroy();
        if (!cutOff.has(server)) server.destroy();
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
      for (const { client, server, sent } of pairs) {
        server.unpipe(client);
        server.resume();
        if (direction === "answers") continue;
        sent.unpipe(server);
        sent.resume();
      }
    },
    cutOffAt(text) {
      fatal = text;
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
      for (const server of cutOff) server.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
}
