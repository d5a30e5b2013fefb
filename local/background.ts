/** What a long-lived process does beside answering: duties that are due, and under an election those that nobody asked for. */
import { doDuty } from "../functions/duties/do-duty.ts";
import { describeError, writeLog } from "../functions/http/log.ts";
import { localCloseMsMax } from "../shared/limits.ts";
import type { Services } from "../shared/services/services.ts";
import { DutyElection } from "./duty-election.ts";
import { DutyLoop } from "./duty-loop.ts";
import type { OpenedStorage } from "./open-storage.ts";

export interface Background {
  /** Ends within `localCloseMsMax`. */
  stop(): Promise<void>;
}

export function startBackground(services: Services, opened: OpenedStorage): Background {
  const { isOwn, storage } = opened;
  const { clock, timers } = storage;
  const sweeps = storage.wakeUps.sweepEveryMs === undefined ? {} : { sweepMs: Infinity };
  const duties = new DutyLoop({ duties: services.duties, clock, timers, log: writeLog, leads: isOwn, ...sweeps });
  // Who has the storage to itself need not ask anyone, and writes nothing while nobody else does.
  const election = isOwn
    ? undefined
    : new DutyElection({ services, clock, timers, log: writeLog, onLead: (leads) => duties.lead(leads) });
  opened.onWake((duty) => duties.add(duty));
  duties.start();
  election?.start();
  const queue = opened.receive?.({
    handle: (duty) => doDuty(services.duties, duty),
    onFailure: (cause) => writeLog("ERROR", "duty failed", { queue: "expiry", cause: describeError(cause) }),
  });
  const stop = async (): Promise<void> => {
    await Promise.all([queue?.stop(), election?.stop()]);
    await duties.stop();
  };
  return { stop: () => within(localCloseMsMax, stop()) };
}

/** Waits for `work`, but not longer. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timeout = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timeout);
}
