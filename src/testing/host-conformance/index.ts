import type { ConformanceCase } from "../conformance-case.js";
import { cancelling } from "./cancelling.js";
import { conditions } from "./conditions.js";
import { connections } from "./connections.js";
import { downloads } from "./downloads.js";
import { erasing } from "./erasing.js";
import { events } from "./events.js";
import { files } from "./files.js";
import { heads } from "./heads.js";
import { hiding } from "./hiding.js";
import { holding } from "./holding.js";
import {
  type HostConformanceOptions,
  type HostConformanceStores,
  type ServeHost,
  SITUATIONS,
} from "./host.js";
import { links } from "./links.js";
import { listing } from "./listing.js";
import { longLists } from "./long-lists.js";
import { mounting } from "./mounting.js";
import { parts } from "./parts.js";
import { refusing } from "./refusing.js";
import { singleJob } from "./single-job.js";
import { type HostCases, onStage } from "./stage.js";

export type {
  Exchange,
  HostConformanceOptions,
  HostConformanceStores,
  HostRequest,
  HostSetup,
  ReadHeader,
  RunningHost,
  ServeHost,
} from "./host.js";

/** In the order in which a reader would ask. */
const SUBJECTS = [
  singleJob,
  listing,
  longLists,
  cancelling,
  erasing,
  files,
  parts,
  links,
  refusing,
  hiding,
  conditions,
  holding,
  events,
  heads,
  mounting,
  connections,
  downloads,
];

/** Of paths, of bodies, and of callers who hang up: what a mount and a parser could get wrong only together. */
const IN_ALL_SITUATIONS: ReadonlySet<HostCases> = new Set([mounting, connections, cancelling, downloads]);

/**
 * What the HTTP surface promises, as tests of a host adapter: over real sockets, at the root and under a prefix,
 * with a body parser before the API and without: what could depend on both in all four ways, the rest in two.
 * Every case starts a host of its own.
 *
 * @example
 * import { memoryStore } from "async-jobs/memory";
 * import { memoryResults } from "async-jobs/results/memory";
 * import { hostConformance } from "async-jobs/testing";
 *
 * const stores = { openStore: memoryStore, openResults: memoryResults };
 * for (const { name, run } of hostConformance(serveOnMyFramework, stores)) it(name, run);
 */
export function hostConformance(
  serve: ServeHost,
  stores: HostConformanceStores,
  { observe }: HostConformanceOptions = {},
): readonly ConformanceCase[] {
  return SITUATIONS.flatMap((situation) =>
    SUBJECTS.filter((cases) => !situation.isMixed || IN_ALL_SITUATIONS.has(cases)).flatMap((cases) =>
      Object.entries(cases).map(([sentence, play]) => ({
        name: `${sentence} (${situation.name})`,
        run: () => onStage(serve, stores, situation, play, observe),
      })),
    ),
  );
}
