import type { Clock, Notifier, Random, Timers } from "../environment.ts";
import { InProcessNotifier } from "./in-process-notifier.ts";
import { nodeClock } from "./node-clock.ts";
import { nodeRandom } from "./node-random.ts";
import { nodeTimers } from "./node-timers.ts";

/** What a process on Node gives to a store that has none of it. */
export interface NodeEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly notifier: Notifier;
}

/** Each call makes a notifier of its own: only callers that share it hear of each other. */
export function createNodeEnvironment(): NodeEnvironment {
  return { clock: nodeClock, random: nodeRandom, timers: nodeTimers, notifier: new InProcessNotifier(nodeTimers) };
}
