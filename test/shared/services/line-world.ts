/** Locks and elections under virtual time: processes over one simulated store, each with all services. */
import { doDuty } from "../../../functions/duties/do-duty.ts";
import type { CallContext } from "../../../shared/services/coordination.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Services } from "../../../shared/services/services.ts";
import { type CountedStorage, countRequests } from "../../../shared/storage/count-requests.ts";
import type { Duty } from "../../../shared/storage/environment.ts";
import type { ProcessOptions, SimulatedProcess } from "../../../shared/storage/memory/simulated-process.ts";
import { SimulatedStore, type SimulationOptions } from "../../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";

export const namespace = "default";
export const anyone: CallContext = { namespace, identities: [] };
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const deliveriesMax = 20;
const visibilityMs = 500;

export interface LineProcess extends CountedStorage, Services {
  readonly process: SimulatedProcess;
}

export class LineWorld {
  readonly store: SimulatedStore;
  /** For a look at what is there; does the duties as well. */
  readonly observer: LineProcess;

  constructor(options: Partial<SimulationOptions> = {}) {
    this.store = new SimulatedStore({ seed: 1, ...options, delays: { wakeLateMsMax: 100, ...options.delays } });
    this.observer = this.start();
    this.store.onWake((duty) => void this.#deliver(duty));
  }

  /** @param wrap what stands between the process and its storage */
  start(options: ProcessOptions = {}, wrap: (storage: Storage) => Storage = (storage) => storage): LineProcess {
    const process = this.store.process(options);
    const counted = countRequests(wrap(process.storage));
    return { ...counted, ...createServices(counted.storage), process };
  }

  /** As a queue does it: again until it is done, a few times. */
  async #deliver(duty: Duty): Promise<void> {
    for (let delivery = 0; delivery < deliveriesMax; delivery += 1) {
      try {
        return await doDuty(this.observer.duties, duty);
      } catch (cause) {
        if (!(cause instanceof Error && cause.name.startsWith("Storage"))) throw cause;
        await this.sleep(visibilityMs);
      }
    }
  }

  run<Result>(main: () => Promise<Result>): Promise<Result> {
    return this.store.time.run(main);
  }

  sleep(ms: number): Promise<void> {
    return this.observer.storage.timers.sleep(ms);
  }

  get nowMs(): number {
    return this.store.time.nowMs;
  }

  /** A call under a session of its own, of which nothing is heard any more. */
  async session(timeoutMs = 600_000): Promise<CallContext> {
    return { ...anyone, session: await this.observer.sessions.create(namespace, { timeoutMs }) };
  }

  async close({ session }: CallContext): Promise<void> {
    if (session === undefined) throw new Error("there is no session to be closed");
    await this.observer.sessions.close(namespace, session);
  }

  /** Names of the places of a line, in its order. */
  async line(parent: string): Promise<readonly string[]> {
    const { children } = await this.observer.znodes.getChildren(anyone, parent, { limit: 1_000 });
    return children.toSorted((one, other) => Number(one.slice(-10)) - Number(other.slice(-10)));
  }

  /** Looks every 10 ms. */
  async until(isSo: () => Promise<boolean>): Promise<void> {
    const untilMs = this.nowMs + 60_000;
    while (!(await isSo())) {
      if (this.nowMs > untilMs) throw new Error("it has not come to that within a minute");
      await this.sleep(10);
    }
  }
}

/** Whether it was answered by now. */
export async function isSettled(world: LineWorld, promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await world.sleep(0);
  return settled;
}
