import type { ClientTime } from "../coordination/time.ts";

/** A sleeper whom others may wake. A call that comes while nobody sleeps ends the next sleep at once. */
export class Wakeable {
  readonly #time: ClientTime;
  #alarm = new AbortController();

  constructor(time: ClientTime) {
    this.#time = time;
  }

  wake(): void {
    this.#alarm.abort();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#alarm.signal.aborted && ms > 0) await this.#time.sleep(ms, this.#alarm.signal);
    this.#alarm = new AbortController();
  }
}
