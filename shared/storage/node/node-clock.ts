import { performance } from "node:perf_hooks";
import type { Clock } from "../environment.ts";

/** The clocks of this machine. */
export const nodeClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
