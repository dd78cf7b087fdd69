import { connect, createServer, type Socket } from "node:net";

/** What lies between client and server: a connection that can be cut, with a server behind it or none. */
export interface Wire {
  readonly url: string;
  /** Leads to that port of this machine from now on; undefined: connections are broken at once. */
  leadTo(port: number | undefined): void;
  /** Breaks the connection once the server has sent so many bytes more, and resolves then. */
  cutAfter(bytes: number): Promise<void>;
  /** Breaks all connections now. */
  cut(): void;
  close(): Promise<void>;
}

export async function openWire(): Promise<Wire> {
  let target: number | undefined;
  let left = Number.POSITIVE_INFINITY;
  let whenCut = (): void => {};
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // What breaks is meant to.
    return socket.on("error", () => {});
  };
  const server = createServer((client) => {
    keep(client);
    if (target === undefined) {
      client.destroy();
      return;
    }
    const upstream = keep(connect(target, "127.0.0.1"));
    client.pipe(upstream);
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroySoon());
    upstream.on("data", (bytes) => {
      client.write(bytes.subarray(0, left));
      left -= bytes.length;
      if (left > 0) return;
      left = Number.POSITIVE_INFINITY;
      upstream.destroy();
      whenCut();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The wire has no port.");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    leadTo(port) {
      target = port;
    },
    cutAfter(bytes) {
      left = bytes;
      return new Promise((resolve) => {
        whenCut = resolve;
      });
    },
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
