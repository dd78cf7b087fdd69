import type { IncomingHttpHeaders } from "node:http";

/** `header` of a request, by its headers as Node gives them: one that came several times is one. */
export function headerOf(headers: IncomingHttpHeaders): (name: string) => string | undefined {
  return (name) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };
}
