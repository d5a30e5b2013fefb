/**
 * The wake-up port on AWS: SQS for what is due within its 15 minutes, EventBridge Scheduler for what is due later and for
 * sweeps. Where there is no Scheduler, or it fails, what is due later goes by SQS in hops of 15 minutes: each time the duty looks
 * for itself whether it is due, and asks again.
 */
import { sqsDelaySecondsMax } from "../../limits.ts";
import type { Duty, WakeUps } from "../environment.ts";
import { StorageUnavailableError } from "../errors.ts";
import type { Schedules } from "./schedules.ts";

export class AwsWakeUps implements WakeUps {
  readonly #queues: WakeUps;
  readonly #schedules: (() => Promise<Schedules>) | undefined;

  /** @param schedules called at the first need of one */
  constructor(queues: WakeUps, schedules: (() => Promise<Schedules>) | undefined) {
    this.#queues = queues;
    this.#schedules = schedules;
  }

  async wake(duty: Duty, delayMs: number): Promise<void> {
    if (duty.kind === "sweep") {
      if (this.#schedules === undefined)
        throw new StorageUnavailableError("sweeps cannot be asked for without Scheduler");
      return await (await this.#schedules()).add(duty, delayMs);
    }
    if (this.#schedules !== undefined && delayMs > sqsDelaySecondsMax * 1_000) {
      try {
        return await (await this.#schedules()).add(duty, delayMs);
      } catch {
        // By the queue, then.
      }
    }
    await this.#queues.wake(duty, delayMs);
  }
}
