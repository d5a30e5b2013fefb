/** Waiting for a znode to be as it should: looked at first, then after each change. */
import { patiently } from "../coordination/send-patiently.ts";
import type { Watch } from "../coordination/watch.ts";
import type { ZnodeClient } from "../coordination/znode-client.ts";
import type { StreamkeeperException } from "../exceptions.ts";

export interface WaitOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

/**
 * What `look` finds, as soon as it finds something. While the service cannot be reached it is looked again, unless what
 * failed may have changed something.
 *
 * @throws StreamkeeperException, or the signal's reason
 */
export async function waitUntil<Found>(
  znodes: ZnodeClient,
  path: string,
  { signal }: WaitOptions,
  look: () => Promise<Found | undefined>,
): Promise<Found> {
  signal?.throwIfAborted();
  const hadNoEffect = (failure: StreamkeeperException): boolean => failure.hasNoSideEffects();
  const options = { whenLost: "resume", ...(signal === undefined ? {} : { signal }) } as const;
  let watch: Watch | undefined;
  try {
    // Begins before the first look, so that nothing happens in between unseen.
    watch = await patiently(() => znodes.watch(path, options), signal);
    for (;;) {
      const found = await patiently(look, signal, hadNoEffect);
      if (found !== undefined) return found;
      const isOpen = await watch.changed();
      signal?.throwIfAborted();
      if (!isOpen) throw new Error(`the watch of ${path} was closed`);
    }
  } catch (error) {
    // Why nobody waits any more says more than what failed because of it.
    signal?.throwIfAborted();
    throw error;
  } finally {
    watch?.close();
  }
}
