import * as fc from "fast-check";
import { payloadKey } from "../../src/index.js";

export const KINDS = ["a", "b", "c"];
export const SHOPS = ["blue", "red"];
export const APPS = [undefined, "mailer", "printer"];
export const KEYS = ["k1", "k2", payloadKey("p")];

/** Which of those that there are, the latest first. */
export const nearby = fc.oneof({ weight: 4, arbitrary: fc.nat(5) }, fc.nat(40));
export const millis = fc.nat(20);
export const kind = fc.constantFrom(...KINDS);
export const visibility = fc
  .record({ shop: fc.constantFrom(...SHOPS), app: fc.constantFrom(...APPS) })
  .map(({ shop, app }) => (app === undefined ? { shop } : { shop, app }));
