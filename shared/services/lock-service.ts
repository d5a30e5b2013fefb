/** Locks: a write lock waits for everyone before it, a read lock for the write locks before it. */
import { StorageTimeoutError } from "../storage/errors.ts";
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
   * A contender may have several calls under way: one that was hung up on, or sits in a process that stands still, and those
   * that were sent after it. None may take away what another was told it holds, and only the version of the place tells them
   * apart:
   * - creating a place, or claiming it, makes a version the call's own;
   * - that a place is granted is answered at an own version only;
   * - a place is given up at an own version only, and by who has claimed it only if it was blocked after that: then nobody
   *   can have been told before that it is granted, and whoever is told later has claimed it anew.
   */
  async #wait(entrant: Entrant, found: TakenPlace, request: AcquireRequest): ReturnType<LockService["acquire"]> {
    const { places } = this.#contenders;
    const { keepPlace = false, signal } = request;
    const isCreator = found.version !== undefined;
    const place = isCreator || keepPlace ? found : await places.claim(entrant, found);
    const { path, czxid } = place;
    const wait = await this.#contenders.waitForGrant(entrant, place, modesBlock, request);
    const mayGiveUp = !keepPlace && (isCreator || wait.wasBlocked);
    if (wait.granted && !(mayGiveUp && signal?.aborted === true)) {
      if (wait.version !== place.version) await places.claim(entrant, place);
      return { acquired: true, path, fencingToken: czxid };
    }
    if (keepPlace) return { acquired: false, path };
    if (!mayGiveUp) throw new StorageTimeoutError(`nothing was heard of ${path} while it was waited for`);
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
