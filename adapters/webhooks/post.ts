import { lookup } from "node:dns/promises";
import * as http from "node:http";
import * as https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { WebhookAnswer } from "../../src/index.js";
import type { ReachableNetworks } from "./networks.js";

/** An address that a name stands for. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Gives every address that a host name stands for. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

export const resolveBySystem: Resolve = (host) => lookup(host, { all: true });

export interface PostSettings {
  readonly networks: ReachableNetworks;
  readonly allowHttp: boolean;
  readonly resolve: Resolve;
}

interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

/**
 * Sends one POST to an address that it has checked: the name is resolved once, every address it stands for must be
 * reachable, and the connection goes to one of these. Follows no redirect, keeps no connection, and reads no more of
 * the answer than its head.
 */
export async function post(
  settings: PostSettings,
  { url, headers, body, signal }: Post,
): Promise<WebhookAnswer> {
  const target = parseTarget(url, settings.allowHttp);
  const addresses = await orAborted(addressesOf(target, settings), signal);
  signal.throwIfAborted();
  const { request } = target.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(target, {
      method: "POST",
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      agent: false,
      lookup: lookupAmong(addresses),
      signal,
    });
    sent.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    sent.on("close", () => reject(new Error("The connection was closed without an answer.")));
    sent.on("response", (response) => {
      const { statusCode = 0 } = response;
      const retryAfter = response.headers["retry-after"];
      response.destroy();
      resolve(retryAfter === undefined ? { status: statusCode } : { status: statusCode, retryAfter });
    });
    sent.end(body);
  });
}

function parseTarget(text: string, allowHttp: boolean): URL {
  if (!URL.canParse(text))
    throw new Error(
      "The endpoint's URL cannot be read; it must be absolute, such as https://example.com/hook.",
    );
  const url = new URL(text);
  if (url.protocol !== "https:" && !(allowHttp && url.protocol === "http:")) {
    throw new Error(`The endpoint's URL begins with ${url.protocol}; it must begin with https:.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error("The endpoint's URL holds credentials; it must hold none.");
  }
  return url;
}

async function addressesOf(
  { hostname }: URL,
  { resolve, networks }: PostSettings,
): Promise<readonly ResolvedAddress[]> {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(host);
  // An address is connected to as it is.
  const addresses = family === 0 ? await resolve(host) : [{ address: host, family }];
  if (addresses.length === 0) throw new Error(`The host ${host} has no address.`);
  const refused = addresses.find(({ address }) => !networks.has(address));
  if (refused === undefined) return addresses;
  throw new Error(
    `The host ${host} has the address ${refused.address}, which is not of the public internet. Nothing was sent; allowNetworks can allow it.`,
  );
}

/** Answers the question for the name's addresses with those that were checked. */
function lookupAmong(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_host, { all }, answer) => {
    const [first] = addresses;
    if (all === true) answer(null, [...addresses]);
    else answer(null, first?.address ?? "", first?.family);
  };
}

/** A look-up of names cannot be called off; it can be left alone. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
