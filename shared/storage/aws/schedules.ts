/**
 * Duties that are due beyond SQS's 15 minutes, and sweeps: one-off schedules of EventBridge Scheduler, which go when they have
 * called. The name tells duty and time, so however many processes ask for the same, it is asked for once.
 */
import { createHash } from "node:crypto";
import { ConflictException, CreateScheduleCommand, type SchedulerClient } from "./scheduler-sdk.ts";
import {
  scheduleAgeSecondsMax,
  scheduleAheadMsMax,
  scheduleTriesMax,
  sweepLeadMs,
  sweepSlotMs,
} from "../../limits/sweeps.ts";
import { type Clock, type Duty, dutyName, isTimed } from "../environment.ts";
import type { AwsRequests } from "./aws-requests.ts";
import { encodeDuty } from "./duty-message.ts";
import type { ScheduleNames } from "./schedule-names.ts";

/** Scheduler calls within a minute after the time. */
const precisionMs = 60_000;
/** Of the hash of a duty's name: 128 bits. */
const hashChars = 22;

export class Schedules {
  readonly #client: SchedulerClient;
  readonly #names: ScheduleNames;
  readonly #requests: AwsRequests;
  readonly #clock: Clock;

  constructor(options: {
    readonly client: SchedulerClient;
    readonly names: ScheduleNames;
    readonly requests: AwsRequests;
    readonly clock: Clock;
  }) {
    this.#client = options.client;
    this.#names = options.names;
    this.#requests = options.requests;
    this.#clock = options.clock;
  }

  /**
   * Asks for a duty at or after a delay: a sweep at the next quarter of an hour, anything else at the next minute.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError
   */
  async add(duty: Duty, delayMs: number): Promise<void> {
    const { name, atMs } = this.#slotOf(duty, Math.min(delayMs, scheduleAheadMsMax));
    const { group, roleArn, failedQueueArn } = this.#names;
    const command = new CreateScheduleCommand({
      GroupName: group,
      Name: name,
      ScheduleExpression: `at(${new Date(atMs).toISOString().slice(0, 19)})`,
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "DELETE",
      Target: {
        Arn: this.#targetOf(duty),
        RoleArn: roleArn,
        Input: encodeDuty(duty),
        RetryPolicy: { MaximumRetryAttempts: scheduleTriesMax, MaximumEventAgeInSeconds: scheduleAgeSecondsMax },
        DeadLetterConfig: { Arn: failedQueueArn },
      },
    });
    await this.#requests.send("CreateSchedule", "always", async () => {
      try {
        await this.#client.send(command);
      } catch (cause) {
        // Somebody has asked for the same, or this process has and was not answered.
        if (!(cause instanceof ConflictException)) throw cause;
      }
    });
  }

  #slotOf(duty: Duty, delayMs: number): { readonly name: string; readonly atMs: number } {
    const nowMs = this.#clock.wallMs();
    if (duty.kind === "sweep") {
      // Never one that may have been called already: its name is taken until it is gone, and it would not come again.
      const slot = Math.ceil((nowMs + Math.max(delayMs, sweepLeadMs)) / sweepSlotMs);
      return { name: `sweep-${slot}`, atMs: slot * sweepSlotMs };
    }
    const minute = Math.ceil((nowMs + Math.max(delayMs, precisionMs)) / precisionMs);
    const hash = createHash("sha256").update(dutyName(duty)).digest("base64url").slice(0, hashChars);
    return { name: `${duty.kind}-${hash}-${minute}`, atMs: minute * precisionMs };
  }

  #targetOf(duty: Duty): string {
    if (duty.kind === "sweep") return this.#names.sweepArn;
    return isTimed(duty) ? this.#names.expiryQueueArn : this.#names.dutyQueueArn;
  }
}
