import { writeLog } from "../../functions/http/log.ts";
import { DutyLoop } from "../../local/duty-loop.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { openEmbeddedStorage } from "../../shared/storage/embedded/embedded-storage.ts";
import type { Lifetimes } from "../../shared/storage/storage.ts";

export interface HostOptions {
  readonly dataFolder: string;
  /** Time between two sweeps for background duties. Default: the server's. */
  readonly sweepMs?: number;
  readonly lifetimes?: Lifetimes;
}

/** Services over the embedded store with their background duties, as `streamkeeper serve` has them. */
export interface HostedServices extends AsyncDisposable {
  readonly services: Services;
}

/** Opens the store and starts the duties. */
export async function hostServices(options: HostOptions): Promise<HostedServices> {
  const { dataFolder, lifetimes, sweepMs } = options;
  const embedded = await openEmbeddedStorage({ dataFolder, lifetimes });
  const services = createServices(embedded.storage);
  const { clock, timers } = embedded.storage;
  const duties = new DutyLoop({
    duties: services.duties,
    clock,
    timers,
    log: writeLog,
    ...(sweepMs === undefined ? {} : { sweepMs }),
  });
  embedded.onWake((duty) => duties.add(duty));
  duties.start();
  return {
    services,
    async [Symbol.asyncDispose]() {
      await duties.stop();
      await embedded.close();
    },
  };
}
