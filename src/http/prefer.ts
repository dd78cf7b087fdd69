/**
 * The seconds of `Prefer: wait=20`, for which the caller would have its request held; undefined without such a
 * preference. Of several the first counts, as RFC 7240 has it. What makes no sense is no preference.
 */
export function preferredWait(prefer: string | undefined): number | undefined {
  for (const preference of prefer?.split(",") ?? []) {
    const [, name = "", value = ""] =
      /^\s*([^\s=;]+)\s*(?:=\s*"?([^";]*?)"?\s*)?(?:;|$)/.exec(preference) ?? [];
    if (name.toLowerCase() !== "wait") continue;
    return /^[0-9]{1,9}$/.test(value) ? Number(value) : undefined;
  }
  return undefined;
}
