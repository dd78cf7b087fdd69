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
