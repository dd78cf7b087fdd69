export type { ConformanceCase } from "./conformance-case.js";
export { type HandClock, handClock } from "./hand-clock.js";
export {
  type Exchange,
  type HostConformanceOptions,
  type HostConformanceStores,
  type HostRequest,
  type HostSetup,
  hostConformance,
  type ReadHeader,
  type RunningHost,
  type ServeHost,
} from "./host-conformance/index.js";
export { resultStoreConformance } from "./result-store-conformance/index.js";
export { runUntilIdle } from "./run-until-idle.js";
export {
  type OpenStore,
  type StoreConformanceOptions,
  storeConformance,
} from "./store-conformance/index.js";
