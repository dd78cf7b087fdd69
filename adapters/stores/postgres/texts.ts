/**
 * PostgreSQL holds every letter of Unicode but NUL. So NUL is written as two letters that begin with a rare one,
 * and that one likewise: two texts stay different, and nearly every text stays as it is.
 */
const RARE = "\u0001";

export function encodeText(text: string): string {
  if (!text.includes("\0") && !text.includes(RARE)) return text;
  return text.replaceAll(RARE, `${RARE}1`).replaceAll("\0", `${RARE}0`);
}

export function decodeText(text: string): string {
  if (!text.includes(RARE)) return text;
  return text.replaceAll(`${RARE}0`, "\0").replaceAll(`${RARE}1`, RARE);
}
