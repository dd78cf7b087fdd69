import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ReachableNetworks } from "../../adapters/webhooks/networks.js";
import {
  type PostSettings,
  post,
  type ResolvedAddress,
  resolveBySystem,
} from "../../adapters/webhooks/post.js";
import { startChild } from "../processes/child.js";
import { compiled } from "../processes/children.js";
import { openReceiver } from "./receiver.js";
import type { SenderMessage, SenderSettings } from "./sender.child.js";

const NAME = "hooks.example.com";
const HERE: ResolvedAddress = { address: "127.0.0.1", family: 4 };

function settings(facts: Partial<PostSettings> = {}): PostSettings {
  return {
    networks: new ReachableNetworks(["127.0.0.1"]),
    allowHttp: true,
    resolve: async () => [HERE],
    ...facts,
  };
}

function send(to: PostSettings, url: string, signal = new AbortController().signal) {
  return post(to, { url, headers: { "content-type": "application/json" }, body: '"wörld"', signal });
}

describe("a request to an endpoint", () => {
  it("is a POST that keeps the endpoint's name and path", async () => {
    const receiver = await openReceiver();
    const answer = await send(settings(), `http://${NAME}:${receiver.port}/a/b?c=d#e`);
    expect(answer).toEqual({ status: 200 });
    expect(receiver.received).toMatchObject([
      {
        ...{ path: "/a/b?c=d", body: '"wörld"' },
        headers: { host: `${NAME}:${receiver.port}`, "content-length": "8", connection: "close" },
      },
    ]);
  });

  it("asks for the name once, and connects to an address that was checked", async () => {
    const receiver = await openReceiver();
    const asked: string[] = [];
    const resolve = async (host: string): Promise<readonly ResolvedAddress[]> => {
      asked.push(host);
      return asked.length === 1 ? [HERE] : [{ address: "127.0.0.2", family: 4 }];
    };
    await send(settings({ resolve }), `http://${NAME}:${receiver.port}/`);
    expect(asked).toEqual([NAME]);
    await expect(send(settings({ resolve }), `http://${NAME}:${receiver.port}/`)).rejects.toThrow(
      `The host ${NAME} has the address 127.0.0.2, which is not of the public internet.`,
    );
    expect(receiver.received).toHaveLength(1);
  });

  it("is not made when one of the name's addresses is private, or when it has none", async () => {
    const receiver = await openReceiver();
    const url = `http://${NAME}:${receiver.port}/`;
    for (const addresses of [
      [HERE, { address: "::1", family: 6 }],
      [{ address: "::ffff:7f00:1", family: 6 }],
      [],
    ]) {
      await expect(send(settings({ resolve: async () => addresses }), url)).rejects.toThrow(
        /The host .* has/,
      );
    }
    expect(receiver.received).toEqual([]);
  });

  it.each([
    "127.0.0.1",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "0177.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "localhost",
    "0",
  ])("is not made to %s, however it is written", async (host) => {
    const receiver = await openReceiver();
    const strict = settings({ networks: new ReachableNetworks([]), resolve: resolveBySystem });
    await expect(send(strict, `http://${host}:${receiver.port}/`)).rejects.toThrow(
      /is not of the public internet/,
    );
    expect(receiver.received).toEqual([]);
  });

  it("asks no resolver what an address stands for", async () => {
    const receiver = await openReceiver();
    const strict = settings({ networks: new ReachableNetworks(["127.0.0.2"]) });
    await expect(send(strict, receiver.url)).rejects.toThrow(/has the address 127\.0\.0\.1/);
    expect(receiver.received).toEqual([]);
  });

  it("follows no redirect", async () => {
    const [receiver, other] = [await openReceiver(), await openReceiver()];
    receiver.answers = [302, 307, 308].map(
      (status) => (response) => void response.writeHead(status, { location: other.url }).end(),
    );
    for (const status of [302, 307, 308]) expect(await send(settings(), receiver.url)).toEqual({ status });
    expect(other.received).toEqual([]);
  });

  it("takes no more of the answer than its head, and hangs up", async () => {
    const receiver = await openReceiver();
    let hungUp: Promise<unknown> | undefined;
    receiver.answers = [
      (response) => {
        hungUp = once(response, "close");
        response.writeHead(503, { "retry-after": "120" });
        const pour = () => {
          while (!response.destroyed && response.write("x".repeat(65_536)));
        };
        response.on("drain", pour);
        pour();
      },
    ];
    expect(await send(settings(), receiver.url)).toEqual({ status: 503, retryAfter: "120" });
    await hungUp;
  });

  it("fails when the endpoint hangs up, speaks of something else, or is not there", async () => {
    const receiver = await openReceiver();
    receiver.answers = [
      (response) => void response.destroy(),
      (response) =>
        void response.socket?.end(
          "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        ),
      (response) => void response.socket?.end("220 mail.example.com ESMTP\r\n"),
    ];
    for (let times = 0; times < 3; times += 1) {
      await expect(send(settings(), receiver.url)).rejects.toThrow();
    }
    expect(receiver.received).toHaveLength(3);
    await expect(send(settings(), "http://127.0.0.1:1/")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("ends when its time is over, also while the name is looked up", async () => {
    const receiver = await openReceiver();
    receiver.answers = [() => {}];
    const reason = new Error("time is up");
    const limit = new AbortController();
    const came = receiver.next();
    const sending = expect(send(settings(), receiver.url, limit.signal)).rejects.toBe(reason);
    await came;
    limit.abort(reason);
    await sending;
    const other = new AbortController();
    const resolve = () => new Promise<never>(() => {});
    const looking = expect(send(settings({ resolve }), receiver.url, other.signal)).rejects.toBe(reason);
    other.abort(reason);
    await looking;
    await expect(send(settings(), receiver.url, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it.each([
    ["ftp://example.com/", /begins with ftp:/],
    ["file:///etc/passwd", /begins with file:/],
    ["/hook", /URL cannot be read/],
    ["", /URL cannot be read/],
    ["https://user@example.com/", /holds credentials/],
    ["https://:password@example.com/", /holds credentials/],
  ])("is not made to %s", async (url, why) => {
    await expect(send(settings(), url)).rejects.toThrow(why);
  });

  it("is made without TLS only where that is allowed", async () => {
    const receiver = await openReceiver();
    await expect(send(settings({ allowHttp: false }), receiver.url)).rejects.toThrow(
      "The endpoint's URL begins with http:; it must begin with https:.",
    );
    expect(receiver.received).toEqual([]);
  });
});

describe("a request by TLS", () => {
  const certificates = join(import.meta.dirname, "certificates");

  /** Sends from a process that trusts the certificate, which was made for this test, of `hooks.example.com`. */
  async function sendTo(host: string) {
    const servernames: (string | false | null | undefined)[] = [];
    const server = createServer(
      {
        key: readFileSync(join(certificates, "key.pem")),
        cert: readFileSync(join(certificates, "certificate.pem")),
        SNICallback: (servername, answer) => {
          servernames.push(servername);
          answer(null);
        },
      },
      (_request, response) => void response.writeHead(204).end(),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const asked: SenderSettings = { url: `https://${host}:${port}/hook`, address: HERE.address };
    const sender = startChild<SenderMessage>(compiled.path("webhooks/sender.child"), asked, {
      env: { NODE_EXTRA_CA_CERTS: join(certificates, "certificate.pem") },
    });
    const { answer } = await sender.hears("answer");
    await sender.ended;
    server.close();
    return { answer, servernames };
  }

  it("asks the checked address for the endpoint's name, and believes its certificate", async () => {
    expect(await sendTo(NAME)).toEqual({ answer: { status: 204 }, servernames: [NAME] });
  });

  it("believes no certificate of another name", async () => {
    expect((await sendTo("other.example.com")).answer).toBe("ERR_TLS_CERT_ALTNAME_INVALID");
  });
});
