import type { Anomaly } from "./check/anomaly.ts";
import { checkEphemerals } from "./check/check-ephemerals.ts";
import { checkLocks } from "./check/check-locks.ts";
import { checkLog } from "./check/check-log.ts";
import { checkMultis } from "./check/check-multis.ts";
import { checkRegisters } from "./check/check-registers.ts";
import { checkSequentials } from "./check/check-sequentials.ts";
import { checkSets } from "./check/check-sets.ts";
import { checkWatches } from "./check/check-watches.ts";
import type { WorkloadHistory, WorkloadTiming } from "./workloads/workload.ts";

/** What the checker of a history says of it. */
export interface HistoryVerdict {
  readonly anomalies: readonly Anomaly[];
  /** Operations, or what corresponds to them, that were looked at. */
  readonly checked: number;
}

/** Hands a history to its checker. */
export function checkHistory(recorded: WorkloadHistory, timing: WorkloadTiming): HistoryVerdict {
  switch (recorded.kind) {
    case "log": {
      const { history, options } = recorded;
      return { anomalies: checkLog(history, options).anomalies, checked: history.operations.length };
    }
    case "register": {
      const { history } = recorded;
      return { anomalies: checkRegisters(history), checked: history.operations.length };
    }
    case "set":
      return { anomalies: checkSets(recorded.operations), checked: recorded.operations.length };
    case "multi":
      return { anomalies: checkMultis(recorded.operations), checked: recorded.operations.length };
    case "watch": {
      const { history } = recorded;
      const sights = history.logs.reduce((sum, log) => sum + log.sights.length, 0);
      return { anomalies: checkWatches(history), checked: sights };
    }
    case "sequential":
      return { anomalies: checkSequentials(recorded.creates), checked: recorded.creates.length };
    case "ephemeral": {
      const { history } = recorded;
      const { expiryGraceMs: boundMax, lateMs: lateMax, skewMs: skewMax } = timing;
      return {
        anomalies: checkEphemerals(history, { boundMax, lateMax, skewMax }),
        checked: history.operations.length,
      };
    }
    case "lock": {
      const { history } = recorded;
      // The fence is asked in the transaction that writes.
      const anomalies = checkLocks(history, { asksLock: true });
      return { anomalies, checked: history.holds.length + history.writes.length };
    }
  }
}
