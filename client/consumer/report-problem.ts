import { callSafely } from "../coordination/call-safely.ts";
import type { ConsumerOptions, ConsumerProblem } from "./consumer-options.ts";
import { keyOf } from "./topic-partition.ts";

/** Tells the application, or else whoever looks at the process. */
export function reportProblem(problem: ConsumerProblem, group: string, onProblem: ConsumerOptions["onProblem"]): void {
  if (onProblem !== undefined) return callSafely(() => onProblem(problem));
  const { error, during, partition, offset, retryInMs } = problem;
  const place = partition === undefined ? "" : ` of ${keyOf(partition)}${offset === undefined ? "" : ` at ${offset}`}`;
  const next = retryInMs === undefined ? "" : `, again in ${Math.round(retryInMs)} ms`;
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`${during} failed in group ${group}${place}${next}: ${reason}`, "ConsumerWarning");
}
