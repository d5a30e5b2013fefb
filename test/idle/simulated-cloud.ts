/**
 * A deployment in virtual time: queues and EventBridge Scheduler as the adapters use them, and the background functions, each call
 * in a container of its own that knows nothing of the ones before. Every call is written down.
 */
import { ConflictException, type CreateScheduleCommand, type SchedulerClient } from "@aws-sdk/client-scheduler";
import type { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { ScheduledEvent, SQSEvent } from "aws-lambda";
import { createReapHandler } from "../../functions/reap.ts";
import { createSealHandler } from "../../functions/seal.ts";
import { createSweepHandler } from "../../functions/sweep.ts";
import { sweepEveryMs, sweepLeadMs, sweepRenewMs } from "../../shared/limits/sweeps.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { armingStorage } from "../../shared/storage/arm-sweeps.ts";
import { AwsRequests } from "../../shared/storage/aws/aws-requests.ts";
import { AwsWakeUps } from "../../shared/storage/aws/aws-wake-ups.ts";
import { Schedules } from "../../shared/storage/aws/schedules.ts";
import { SqsWakeUps } from "../../shared/storage/aws/sqs-wake-ups.ts";
import { type CountedStorage, countRequests } from "../../shared/storage/count-requests.ts";
import { createMemoryStorage, type MemoryStorage } from "../../shared/storage/memory/memory-storage.ts";

type Queue = "duties" | "expiry";
type Background = "seal" | "reap" | "sweep";

export interface Invocation {
  readonly name: Background;
  /** Virtual time. */
  readonly atMs: number;
  /** Body of the message; nothing for a sweep. */
  readonly duty: string;
}

const hiddenMs = 180_000;
const deliveriesMax = 5;
/** What Lambda waits before it calls again what nobody waits for. */
const retriesAfterMs = [60_000, 120_000];
const names = {
  group: "group",
  roleArn: "role",
  sweepArn: "sweep",
  dutyQueueArn: "duties",
  expiryQueueArn: "expiry",
  failedQueueArn: "failed",
};

export class SimulatedCloud {
  readonly memory: MemoryStorage;
  /** Calls of the background functions, in order. */
  readonly invocations: Invocation[] = [];
  /** What failed every time. */
  readonly failed: string[] = [];
  /** Requests of all functions to the stores. */
  readonly requests: CountedStorage;
  /** Requests to create a schedule. */
  created = 0;
  /** Set to lose every message that is sent meanwhile. */
  losesMessages = false;
  /** Set to let queues, or Scheduler, be out of order. */
  failsMessages = false;
  schedulerFails = false;
  readonly #schedules = new Map<string, number>();

  constructor() {
    this.memory = createMemoryStorage({ dropsExpiredEntries: true });
    this.requests = countRequests(this.memory.storage);
  }

  get nowMs(): number {
    return this.memory.time.nowMs;
  }

  /** When the schedules that stand there will call, in order. */
  get scheduled(): readonly number[] {
    return [...this.#schedules.values()].toSorted((a, b) => a - b);
  }

  /** A function in a container that starts now. */
  container(): Services {
    const { storage } = this.requests;
    const requests = new AwsRequests(storage);
    const sqs = { send: async (command: SendMessageCommand) => this.#send(command) } as unknown as SQSClient;
    const scheduler = { send: async (command: CreateScheduleCommand) => this.#create(command) };
    const client = scheduler as unknown as SchedulerClient;
    const queues = new SqsWakeUps({ client: sqs, dutyQueueUrl: "duties", expiryQueueUrl: "expiry", requests });
    const schedules = new Schedules({ client, names, requests, clock: storage.clock });
    const wakeUps = new AwsWakeUps(queues, async () => schedules);
    const arming = { everyMs: sweepEveryMs, leadMs: sweepLeadMs, renewMs: sweepRenewMs };
    return createServices(armingStorage({ ...storage, wakeUps }, arming));
  }

  async advance(ms: number): Promise<void> {
    await this.memory.time.advance(ms);
  }

  #send({ input }: SendMessageCommand): object {
    const { QueueUrl, MessageBody = "", DelaySeconds = 0 } = input;
    if (this.failsMessages) throw outOfOrder();
    if (!this.losesMessages) this.#enqueue(QueueUrl as Queue, MessageBody, DelaySeconds * 1_000);
    return {};
  }

  #create({ input }: CreateScheduleCommand): object {
    const { Name = "", ScheduleExpression = "", Target } = input;
    this.created += 1;
    if (this.schedulerFails) throw outOfOrder();
    if (this.#schedules.has(Name)) throw new ConflictException({ message: "it exists", Message: "", $metadata: {} });
    const atMs = Date.parse(`${/^at\((.*)\)$/.exec(ScheduleExpression)?.[1]}Z`) - this.memory.storage.clock.wallMs();
    this.#schedules.set(Name, this.nowMs + atMs);
    this.memory.time.schedule(atMs, () => {
      this.#schedules.delete(Name);
      if (Target?.Arn === "sweep") void this.#sweep();
      else this.#enqueue(Target?.Arn as Queue, Target?.Input ?? "", 0);
    });
    return {};
  }

  #enqueue(queue: Queue, body: string, delayMs: number): void {
    this.memory.time.schedule(delayMs, () => void this.#deliver(queue, body));
  }

  async #deliver(queue: Queue, body: string): Promise<void> {
    const handle = queue === "duties" ? createSealHandler : createReapHandler;
    const event = { Records: [{ messageId: "1", body }] } as unknown as SQSEvent;
    for (let delivery = 1; delivery <= deliveriesMax; delivery += 1) {
      this.#note(queue === "duties" ? "seal" : "reap", body);
      const { batchItemFailures } = await handle(this.container(), () => undefined)(event, {});
      if (batchItemFailures.length === 0) return;
      await this.memory.storage.timers.sleep(hiddenMs);
    }
    this.failed.push(body);
  }

  async #sweep(): Promise<void> {
    for (const retryAfterMs of [...retriesAfterMs, undefined]) {
      this.#note("sweep", "");
      try {
        return await createSweepHandler(this.container(), () => undefined)({} as ScheduledEvent, {});
      } catch {
        if (retryAfterMs !== undefined) await this.memory.storage.timers.sleep(retryAfterMs);
      }
    }
    this.failed.push("sweep");
  }

  #note(name: Background, duty: string): void {
    this.invocations.push({ name, atMs: this.nowMs, duty });
  }
}

function outOfOrder(): Error {
  return Object.assign(new Error("out of order"), { $metadata: { httpStatusCode: 500 } });
}
