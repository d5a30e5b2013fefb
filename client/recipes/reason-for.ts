/** Why a call was given up: the reason of the first signal that aborted, else what it failed with. */
export function reasonFor(error: unknown, ...signals: readonly (AbortSignal | undefined)[]): Error {
  const aborted = signals.find((signal) => signal?.aborted === true);
  const reason: unknown = aborted === undefined ? error : aborted.reason;
  return reason instanceof Error ? reason : new Error(String(reason), { cause: error });
}
