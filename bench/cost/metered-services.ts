import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { nodeClock } from "../../shared/storage/node/node-clock.ts";
import { type Usage, UsageMeter } from "../../shared/storage/usage.ts";
import { EmulatedAws } from "../contention/emulated-aws.ts";

/** The services of one warm process on emulators of AWS, whose every request is metered. */
export class MeteredServices implements AsyncDisposable {
  readonly services: Services;
  readonly #meter: UsageMeter;
  readonly #clock: { aheadMs: number };
  readonly #stop: () => Promise<void>;

  private constructor(services: Services, meter: UsageMeter, clock: { aheadMs: number }, stop: () => Promise<void>) {
    this.services = services;
    this.#meter = meter;
    this.#clock = clock;
    this.#stop = stop;
  }

  static async start(): Promise<MeteredServices> {
    const emulated = await EmulatedAws.start();
    const ahead = { aheadMs: 0 };
    const clock = {
      wallMs: () => nodeClock.wallMs() + ahead.aheadMs,
      monotonicMs: () => nodeClock.monotonicMs() + ahead.aheadMs,
    };
    const usage = new UsageMeter();
    const storage = emulated.open({ clock, usage, queues: true });
    return new MeteredServices(createServices(storage), usage, ahead, async () => {
      await storage.close();
      await emulated.stop();
    });
  }

  /** What `work` used. */
  async meter(work: () => Promise<unknown>): Promise<Usage> {
    this.#meter.reset();
    await work();
    return this.#meter.usage();
  }

  /** Lets time pass for the services. */
  pass(ms: number): void {
    this.#clock.aheadMs += ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}
