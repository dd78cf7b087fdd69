/** Whether an Accept header takes a media type. The most precise range decides; quality 0 refuses; no header takes all. */
export function accepts(accept: string | undefined, type: string): boolean {
  if (accept === undefined || accept.trim() === "") return true;
  // The least precise first.
  const ranges = ["*/*", type.replace(/\/.*/, "/*"), type];
  let best = { precision: -1, quality: 0 };
  for (const part of accept.split(",")) {
    const [range = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const precision = ranges.indexOf(range);
    if (precision > best.precision) best = { precision, quality: qualityOf(parameters) };
  }
  return best.quality > 0;
}

function qualityOf(parameters: readonly string[]): number {
  const quality = parameters.find((parameter) => parameter.startsWith("q="));
  return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
}

/** Whether an Accept-Encoding header asks for gzip, and does not like the file as it is better. */
export function prefersGzip(acceptEncoding: string | undefined): boolean {
  const qualities = new Map<string, number>();
  for (const part of acceptEncoding?.split(",") ?? []) {
    const [coding = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    qualities.set(coding, qualityOf(parameters));
  }
  const gzip = qualities.get("gzip") ?? qualities.get("x-gzip") ?? qualities.get("*") ?? 0;
  return gzip > 0 && gzip >= (qualities.get("identity") ?? 0);
}
