/** Locks: a write lock waits for everyone before it, a read lock for the write locks before it. */
import type { Storage } from "../storage/storage.ts";
import { afterChange, withChangeErrors } from "./change-errors.ts";
import { Contenders } from "./contenders.ts";
import type { CallContext, LockMode, LockService } from "./coordination.ts";
import type { Blocks, Entrant, Place, TakenPlace } from "./line.ts";
import type { Namespaces } from "./namespace-service.ts";
import { withStorageErrors } from "./storage-errors.ts";
import type { TreeRegistry } from "./tree-registry.ts";

type AcquireRequest = Parameters<LockService["acquire"]>[2];

export function lockService(storage: Storage, trees: TreeRegistry, namespaces: Namespaces): LockService {
  return new TreeLocks(new Contenders(storage, trees, namespaces, "/locks"));
}

class TreeLocks implements LockService {
  readonly #contenders: Contenders;

  constructor(contenders: Contenders) {
    this.#contenders = contenders;
  }

  async acquire(context: CallContext, name: string, request: AcquireRequest): ReturnType<LockService["acquire"]> {
    return await withChangeErrors(async () => {
      const entrant = await this.#contenders.entrant(context, name, request.contenderId);
      const place = await this.#contenders.enter(entrant, request.mode, null);
      return await afterChange(() => this.#wait(entrant, place, request));
    });
  }

  async release(context: CallContext, name: string, request: Parameters<LockService["release"]>[2]): Promise<void> {
    await withChangeErrors(async () => {
      const entrant = await this.#contenders.entrant(context, name, request.contenderId);
      await this.#contenders.leave(entrant);
    });
  }

  async describe(context: CallContext, name: string): ReturnType<LockService["describe"]> {
    return await withStorageErrors(async () => {
      const { line } = await this.#contenders.line(context, name);
      const holders = holdersOf(line);
      return {
        holders: holders.map(({ path, kind, node }) => ({
          path,
          fencingToken: node.czxid,
          mode: kind as LockMode,
          sessionId: node.ephemeralOwner,
        })),
        waiting: line.length - holders.length,
      };
    });
  }

  /**
   * Of the calls of one contender only the last may give the place up: one whose caller hung up and asked again must not take
   * away what the second call counts on. So whoever found the place claims it: before it waits if it may give up, else once
   * it is granted.
   */
  async #wait(entrant: Entrant, found: TakenPlace, request: AcquireRequest): ReturnType<LockService["acquire"]> {
    const { places } = this.#contenders;
    const { keepPlace = false, signal } = request;
    const claimed = async (place: TakenPlace): Promise<TakenPlace> =>
      place.version === undefined ? await places.claim(entrant, place) : place;
    const place = keepPlace ? found : await claimed(found);
    const granted = await this.#contenders.waitForGrant(entrant, place, modesBlock, request);
    if (granted && (keepPlace || signal?.aborted !== true)) {
      const { path, czxid } = await claimed(place);
      return { acquired: true, path, fencingToken: czxid };
    }
    if (keepPlace) return { acquired: false, path: place.path };
    await places.giveUp(entrant, place);
    return { acquired: false };
  }
}

const modesBlock: Blocks = (ahead, own) => own.kind === "write" || ahead.kind === "write";

/** A writer that is first, or the readers before the first writer. */
function holdersOf(line: readonly Place[]): readonly Place[] {
  const firstWriter = line.findIndex(({ kind }) => kind === "write");
  return firstWriter < 0 ? line : line.slice(0, Math.max(1, firstWriter));
}
