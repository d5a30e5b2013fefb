/** Waiting for a znode to be as it should: looked at first, then after each change. */
import type { WatchOptions } from "../coordination/watch.ts";
import type { ZnodeClient } from "../coordination/znode-client.ts";

/** What `look` finds, as soon as it finds something. @throws the signal's reason */
export async function waitUntil<Found>(
  znodes: ZnodeClient,
  path: string,
  options: Pick<WatchOptions, "recursive" | "signal">,
  look: () => Promise<Found | undefined>,
): Promise<Found> {
  options.signal?.throwIfAborted();
  // Begins before the first look, so that nothing happens in between unseen.
  const watch = await znodes.watch(path, options);
  try {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      const { done } = await watch.next();
      options.signal?.throwIfAborted();
      if (done === true) throw new Error(`the watch of ${path} ended`);
    }
  } finally {
    watch.close();
  }
}
