import { setImmediate as turn } from "node:timers/promises";
import type { ClientTime } from "../coordination/time.ts";

/** Longest that records are handed out without letting timers and answers come in between. */
const breathMs = 20;

/**
 * A handler that never waits for anything leaves no room for heartbeats, however short it is: promises that are settled go
 * before timers, for as long as there are any.
 */
export class Breath {
  readonly #time: ClientTime;
  #takenMs: number;

  constructor(time: ClientTime) {
    this.#time = time;
    this.#takenMs = time.nowMs();
  }

  /** To be awaited between two records; waits only if the last time is long ago. */
  async take(): Promise<void> {
    if (this.#time.nowMs() < this.#takenMs + breathMs) return;
    await turn();
    this.#takenMs = this.#time.nowMs();
  }
}
