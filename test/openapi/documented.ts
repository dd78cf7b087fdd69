import { memoryStore } from "../../adapters/stores/memory/index.js";
import { createAsyncJobs } from "../../src/index.js";
import { openapi } from "../../src/openapi/index.js";
import { EXPORT_PATH } from "../../src/testing/host-conformance/stage.js";
import { stageKinds } from "../../src/testing/host-conformance/stage-kinds.js";
import { handClock } from "../../src/testing/index.js";
import { DocumentCheck } from "./check.js";

/** The kinds of the hosts that the conformance suite starts. */
export const kinds = stageKinds(handClock());

/** Those hosts, described. */
export const document = openapi(
  createAsyncJobs({ store: memoryStore(), publicUrl: "https://app.example.com", kinds }),
  { starts: { [EXPORT_PATH]: { kind: "newsletter-recipients", heedsIdempotencyKey: true } } },
);

export const documented = new DocumentCheck(document);
