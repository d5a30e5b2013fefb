/** Waits for a promise that never rejects, or until the signal aborts; answers whether the promise came first. */
export async function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  const { promise: aborted, resolve } = Promise.withResolvers<false>();
  const abort = (): void => resolve(false);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise.then(() => true as const), aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
