import * as fc from "fast-check";

export const KINDS = ["a", "b", "c"];
export const SHOPS = ["blue", "red"];
export const APPS = [undefined, "mailer", "printer"];

/** Which of those that there are, the latest first. */
export const nearby = fc.oneof({ weight: 4, arbitrary: fc.nat(5) }, fc.nat(40));
export const millis = fc.nat(20);
export const kind = fc.constantFrom(...KINDS);
export const visibility = fc
  .record({ shop: fc.constantFrom(...SHOPS), app: fc.constantFrom(...APPS) })
  .map(({ shop, app }) => (app === undefined ? { shop } : { shop, app }));
