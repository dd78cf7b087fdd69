import { type Agent, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Default: a connection of its own. */
  readonly agent?: Agent;
  /** Hangs up when it aborts. */
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Every header, its name in lower case as some hosts send it, sorted; without Date, which changes by itself. */
  readonly headerLines: readonly string[];
  readonly body: string;
  /** Whether the connection had carried an earlier exchange. */
  readonly onOldConnection: boolean;
}

/** One exchange. The path goes out as it is: nothing is normalised. */
export async function ask(origin: string, path: string, question: Question = {}): Promise<Answer> {
  const { response, onOldConnection } = await begin(origin, path, question);
  const body = await text(response);
  const lines = response.rawHeaders.flatMap((name, index, all) =>
    index % 2 === 0 && name !== "Date" ? [`${name.toLowerCase()}: ${all[index + 1]}`] : [],
  );
  const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    headerLines: lines.sort(),
    body,
    onOldConnection,
  };
}

/** An exchange up to the answer's headers. */
export function begin(
  origin: string,
  path: string,
  { method = "GET", headers = {}, body, agent, signal }: Question = {},
): Promise<{ readonly response: IncomingMessage; readonly onOldConnection: boolean }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(origin, {
      method,
      path,
      headers,
      agent: agent ?? false,
      ...(signal && { signal }),
    });
    outgoing.on("response", (response) => resolve({ response, onOldConnection: outgoing.reusedSocket }));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Sends these very characters, one byte each, and gives the connection. */
export function openSocket(origin: string, characters: string): Socket {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  socket.write(characters, "latin1");
  return socket;
}

/** Sends these very characters, and gives all that comes back until the host hangs up. */
export function sendRaw(origin: string, characters: string): Promise<string> {
  return text(openSocket(origin, characters));
}
