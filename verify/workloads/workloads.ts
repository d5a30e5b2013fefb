/** Workloads by their names. Each runs until `load` aborts, then its final phase, and answers what happened. */
import { ephemeralWorkload } from "./ephemeral.ts";
import { lockWorkload } from "./lock.ts";
import { logWorkload } from "./log.ts";
import { multiWorkload } from "./multi.ts";
import { registerWorkload } from "./register.ts";
import { sequentialWorkload } from "./sequential.ts";
import { setWorkload } from "./set.ts";
import { transactionsWorkload } from "./transactions.ts";
import { watchWorkload } from "./watch.ts";

export const workloads = {
  log: logWorkload,
  transactions: transactionsWorkload,
  register: registerWorkload,
  set: setWorkload,
  multi: multiWorkload,
  watch: watchWorkload,
  sequential: sequentialWorkload,
  ephemeral: ephemeralWorkload,
  lock: lockWorkload,
} as const;

export type WorkloadName = keyof typeof workloads;

export const workloadNames = Object.keys(workloads) as readonly WorkloadName[];

export function isWorkloadName(name: string): name is WorkloadName {
  return Object.hasOwn(workloads, name);
}
