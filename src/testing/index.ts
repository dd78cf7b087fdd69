export type { ConformanceCase } from "./conformance-case.js";
export { type HandClock, handClock } from "./hand-clock.js";
export { runUntilIdle } from "./run-until-idle.js";
