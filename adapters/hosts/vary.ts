/**
 * Our headers, and what was said before of what answers vary by: a host that lets in pages of several sites says
 * `Origin`, and ours must not take its place.
 *
 * @param before the header `Vary` as it is so far
 */
export function keepVary(
  before: number | string | readonly string[] | undefined,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (before === undefined) return headers;
  const { Vary: ours = "" } = headers;
  const known = ours.toLowerCase().split(", ");
  const theirs = String(before)
    .split(",")
    .map((name) => name.trim())
    .filter((name) => !known.includes(name.toLowerCase()));
  return { ...headers, Vary: [...theirs, ours].join(", ") };
}
