/** What a page may read of an answer without being allowed to. */
const READABLE_HEADERS = [
  "cache-control",
  "content-language",
  "content-length",
  "content-type",
  "expires",
  "last-modified",
  "pragma",
];
/** What a page may ask without asking before. */
const SIMPLE_METHODS = ["GET", "HEAD", "POST"];
const SIMPLE_HEADERS = ["accept", "accept-language", "content-language"];

/** The `fetch` of a page of another origin, as browsers keep it in bounds by CORS; Node's does not. */
export function crossOriginFetch(origin: string): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const { method = "GET" } = init;
    const headers = new Headers(init.headers);
    const unusual = [...headers.keys()].filter((name) => !SIMPLE_HEADERS.includes(name)).sort();
    if (unusual.length > 0 || !SIMPLE_METHODS.includes(method)) {
      const preflight = await fetch(url, {
        method: "OPTIONS",
        headers: {
          Origin: origin,
          "Access-Control-Request-Method": method,
          "Access-Control-Request-Headers": unusual.join(","),
        },
      });
      requireAllowed(preflight.ok, `a status of ${preflight.status}`);
      requireOrigin(preflight, origin);
      const methods = namesIn(preflight, "Access-Control-Allow-Methods");
      requireAllowed(SIMPLE_METHODS.includes(method) || methods.includes(method.toLowerCase()), method);
      const allowed = namesIn(preflight, "Access-Control-Allow-Headers");
      for (const name of unusual) requireAllowed(allowed.includes(name), name);
    }
    headers.set("Origin", origin);
    const response = await fetch(url, { ...init, headers });
    requireOrigin(response, origin);
    const readable = [...READABLE_HEADERS, ...namesIn(response, "Access-Control-Expose-Headers")];
    const { status, body } = response;
    const read = [...response.headers].filter(([name]) => readable.includes(name));
    return new Response(body, { status, headers: read });
  };
}

function requireOrigin({ headers }: Response, origin: string): void {
  const allowed = headers.get("Access-Control-Allow-Origin");
  requireAllowed(allowed === origin, `the origin ${origin}, but ${allowed}`);
}

function requireAllowed(isAllowed: boolean, what: string): void {
  if (!isAllowed) throw new TypeError(`CORS does not allow ${what}.`);
}

/** In lower case. */
function namesIn({ headers }: Response, list: string): readonly string[] {
  return (headers.get(list) ?? "").split(",").map((name) => name.trim().toLowerCase());
}
