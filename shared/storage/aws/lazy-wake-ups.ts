import type { SchedulerClient } from "@aws-sdk/client-scheduler";
import type { SQSClient } from "@aws-sdk/client-sqs";
import type { Clock, Duty, WakeUps } from "../environment.ts";
import type { AwsRequests } from "./aws-requests.ts";
import { AwsWakeUps } from "./aws-wake-ups.ts";
import type { ScheduleNames } from "./schedule-names.ts";
import type { Schedules } from "./schedules.ts";

export interface LazyWakeUpsOptions {
  readonly sqs: () => Promise<SQSClient>;
  readonly dutyQueueUrl: string;
  readonly expiryQueueUrl: string;
  /** Undefined where there is no Scheduler. */
  readonly schedules: { readonly client: () => Promise<SchedulerClient>; readonly names: ScheduleNames } | undefined;
  readonly requests: AwsRequests;
  readonly clock: Clock;
}

interface Opened<Port> {
  readonly port: Port;
  readonly client: { destroy(): void };
}

/** The wake-up port on SQS and Scheduler, which loads the client of each at its first request. */
export class LazyWakeUps implements WakeUps {
  readonly #wakeUps: AwsWakeUps;
  readonly #opened: (() => Promise<Opened<unknown>> | undefined)[];

  constructor(options: LazyWakeUpsOptions) {
    const { requests, clock } = options;
    const queues = once<WakeUps>(async () => {
      const [{ SqsWakeUps }, client] = await Promise.all([import("./sqs-wake-ups.ts"), options.sqs()]);
      return { port: new SqsWakeUps({ ...options, client }), client };
    });
    const schedules = options.schedules === undefined ? undefined : lazySchedules(options.schedules, requests, clock);
    this.#opened = [() => queues.opened, () => schedules?.opened];
    this.#wakeUps = new AwsWakeUps(
      { wake: async (duty, delayMs) => (await queues.get()).wake(duty, delayMs) },
      schedules === undefined ? undefined : () => schedules.get(),
    );
  }

  async wake(duty: Duty, delayMs: number): Promise<void> {
    await this.#wakeUps.wake(duty, delayMs);
  }

  async close(): Promise<void> {
    for (const opened of this.#opened) (await opened())?.client.destroy();
  }
}

function lazySchedules(
  { client: open, names }: NonNullable<LazyWakeUpsOptions["schedules"]>,
  requests: AwsRequests,
  clock: Clock,
): Once<Schedules> {
  return once(async () => {
    const [module, client] = await Promise.all([import("./schedules.ts"), open()]);
    return { port: new module.Schedules({ client, names, requests, clock }), client };
  });
}

interface Once<Port> {
  readonly opened: Promise<Opened<Port>> | undefined;
  get(): Promise<Port>;
}

function once<Port>(open: () => Promise<Opened<Port>>): Once<Port> {
  let opened: Promise<Opened<Port>> | undefined;
  return {
    get opened() {
      return opened;
    },
    get: async () => (await (opened ??= open())).port,
  };
}
