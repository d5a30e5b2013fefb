/** Gateways under virtual time, each with services of its own over one simulated store. */
import type { TreeAccess } from "../../../../gateway/kafka/security/followed-znodes.ts";
import { createServices } from "../../../../shared/services/create-services.ts";
import type { Services } from "../../../../shared/services/services.ts";
import { type CountedStorage, countRequests } from "../../../../shared/storage/count-requests.ts";
import { SimulatedStore } from "../../../../shared/storage/memory/simulated-store.ts";

export const namespace = "default";

export interface SecurityProcess extends CountedStorage {
  readonly services: Services;
  readonly access: TreeAccess;
  /** Ends what follows the tree. */
  readonly signal: AbortSignal;
}

export class SecurityWorld {
  readonly store = new SimulatedStore({ seed: 1 });
  readonly #end = new AbortController();

  start(): SecurityProcess {
    const counted = countRequests(this.store.process().storage);
    const services = createServices(counted.storage);
    const { timers } = counted.storage;
    return { ...counted, services, access: { services, namespace, timers }, signal: this.#end.signal };
  }

  async run<Result>(main: () => Promise<Result>): Promise<Result> {
    return await this.store.time.run(async () => {
      try {
        return await main();
      } finally {
        this.#end.abort();
      }
    });
  }

  /** Waits until `holds`, as gateways that follow the tree come to know it. */
  async until(process: SecurityProcess, holds: () => boolean): Promise<void> {
    for (let tries = 0; tries < 100 && !holds(); tries += 1) await process.storage.timers.sleep(100);
  }
}
