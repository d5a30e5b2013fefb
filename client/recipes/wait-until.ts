/** Waiting for a znode to be as it should: looked at first, then after each change. */
import type { ZnodeClient } from "../coordination/znode-client.ts";

export interface WaitOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

/** What `look` finds, as soon as it finds something. @throws the signal's reason */
export async function waitUntil<Found>(
  znodes: ZnodeClient,
  path: string,
  { signal }: WaitOptions,
  look: () => Promise<Found | undefined>,
): Promise<Found> {
  signal?.throwIfAborted();
  // Begins before the first look, so that nothing happens in between unseen.
  const watch = await znodes.watch(path, { whenLost: "resume", ...(signal === undefined ? {} : { signal }) });
  try {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      const isOpen = await watch.changed();
      signal?.throwIfAborted();
      if (!isOpen) throw new Error(`the watch of ${path} was closed`);
    }
  } finally {
    watch.close();
  }
}
