/** Sessions under virtual time: processes over one simulated store, and wake-ups as a queue delivers them. */
import { doDuty } from "../../../functions/duties/do-duty.ts";
import type { SessionCredentials, SessionService } from "../../../shared/services/coordination.ts";
import { Namespaces } from "../../../shared/services/namespace-service.ts";
import type { DutyService } from "../../../shared/services/services.ts";
import { sessionService } from "../../../shared/services/session-service.ts";
import { TreeRegistry } from "../../../shared/services/tree-registry.ts";
import { type CountedStorage, countRequests } from "../../../shared/storage/count-requests.ts";
import { sessionsPartition } from "../../../shared/storage/item-keys.ts";
import type { Item } from "../../../shared/storage/item-store.ts";
import type { ProcessOptions, SimulatedProcess } from "../../../shared/storage/memory/simulated-process.ts";
import { SimulatedStore, type SimulationOptions } from "../../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";

export const namespace = "default";

export interface SessionProcess extends CountedStorage {
  readonly process: SimulatedProcess;
  readonly trees: TreeRegistry;
  readonly sessions: SessionService;
  /** Asked for by this process so far. */
  readonly wakeUps: () => number;
}

export class SessionWorld {
  readonly store: SimulatedStore;
  /** Never fails: for a look at what is there. */
  readonly observer: SessionProcess;
  #worker: SessionProcess | undefined;

  constructor(options: Partial<SimulationOptions> = {}) {
    this.store = new SimulatedStore({ seed: 1, ...options, delays: { wakeLateMsMax: 100, ...options.delays } });
    this.observer = this.start();
    this.store.onWake((duty) => {
      const { sessions } = this.#worker ?? this.observer;
      void doDuty({ reap: (name: string, id: bigint) => sessions.reap(name, id) } as DutyService, duty);
    });
  }

  /** @param wrap what stands between the process and its storage */
  start(options: ProcessOptions = {}, wrap: (storage: Storage) => Storage = (storage) => storage): SessionProcess {
    const process = this.store.process(options);
    let asked = 0;
    // A queue delays by whole seconds.
    const wake: Storage["wakeUps"]["wake"] = (duty, delayMs) => {
      asked += 1;
      return process.storage.wakeUps.wake(duty, Math.ceil(delayMs / 1_000) * 1_000);
    };
    const counted = countRequests(wrap({ ...process.storage, wakeUps: { wake } }));
    const trees = new TreeRegistry(counted.storage);
    const sessions = sessionService(counted.storage, trees, new Namespaces(counted.storage, trees));
    return { ...counted, process, trees, sessions, wakeUps: () => asked };
  }

  /** Wake-ups are its to do from now on. */
  deliverTo(process: SessionProcess): void {
    this.#worker = process;
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

  leases(): readonly Item[] {
    return this.store.items.query(sessionsPartition(namespace), { limit: 1_000 }).items;
  }

  /** Sessions that the tree has. */
  async open(): Promise<readonly bigint[]> {
    return [...(await this.observer.trees.tree(namespace).read()).sessions.keys()];
  }

  async exists(path: string): Promise<boolean> {
    return (await this.observer.trees.tree(namespace).read()).node(path) !== undefined;
  }

  async createEphemeral(path: string, session: SessionCredentials): Promise<void> {
    const tree = this.observer.trees.tree(namespace);
    const answer = await tree.write({ operations: [{ kind: "create", path, data: null, mode: "ephemeral" }], session });
    if (answer.kind !== "done") throw new Error(`${path} was not created: ${JSON.stringify(answer.kind)}`);
  }

  /** When the znode is gone, looked at every 10 ms. */
  async goneAtMs(path: string, waitMsMax: number): Promise<number> {
    const untilMs = this.nowMs + waitMsMax;
    while (await this.exists(path)) {
      if (this.nowMs > untilMs) throw new Error(`${path} is still there after ${waitMsMax} ms`);
      await this.sleep(10);
    }
    return this.nowMs;
  }
}
