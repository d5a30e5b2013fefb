/** Locks: a write lock waits for everyone before it, a read lock for the write locks before it. */
import type { Storage } from "../storage/storage.ts";
import { withChangeErrors } from "./change-errors.ts";
import { Contenders, type Entrant, ownerOf, type Place } from "./contenders.ts";
import type { CallContext, LockMode, LockService } from "./coordination.ts";
import type { Namespaces } from "./namespace-service.ts";
import { withStorageErrors } from "./storage-errors.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export function lockService(storage: Storage, trees: TreeRegistry, namespaces: Namespaces): LockService {
  return new TreeLocks(new Contenders(storage, trees, namespaces, "/locks"));
}

class TreeLocks implements LockService {
  readonly #contenders: Contenders;

  constructor(contenders: Contenders) {
    this.#contenders = contenders;
  }

  async acquire(
    context: CallContext,
    name: string,
    request: Parameters<LockService["acquire"]>[2],
  ): ReturnType<LockService["acquire"]> {
    return await withChangeErrors(async () => {
      const entrant = await this.#contenders.entrant(context, name, request.contenderId);
      const place = await this.#contenders.enter(entrant, request.mode, null);
      const granted = await this.#contenders.waitForGrant(entrant, place, findBlocker, request);
      if (granted !== undefined) {
        return { acquired: true, path: granted.path, fencingToken: granted.node.czxid };
      }
      return await this.#giveUp(entrant, place, request.keepPlace === true);
    });
  }

  async release(context: CallContext, name: string, request: Parameters<LockService["release"]>[2]): Promise<void> {
    await withChangeErrors(async () => {
      const entrant = await this.#contenders.entrant(context, name, request.contenderId);
      const { own } = await this.#contenders.find(entrant);
      await this.#contenders.leave(entrant, own);
    });
  }

  async describe(context: CallContext, name: string): ReturnType<LockService["describe"]> {
    return await withStorageErrors(async () => {
      const { line } = await this.#contenders.line(context, name);
      const holders = line.filter((place) => findBlocker(line, place) === undefined);
      return {
        holders: holders.map((place) => ({
          path: place.path,
          fencingToken: place.node.czxid,
          mode: place.kind as LockMode,
          sessionId: ownerOf(place),
        })),
        waiting: line.length - holders.length,
      };
    });
  }

  async #giveUp(entrant: Entrant, place: Place, keepPlace: boolean): ReturnType<LockService["acquire"]> {
    if (keepPlace) return { acquired: false, path: place.path };
    await this.#contenders.leave(entrant, place);
    return { acquired: false };
  }
}

/** The last of those before it that it does not go together with: when that one goes, it is looked at again. */
function findBlocker(line: readonly Place[], own: Place): Place | undefined {
  return line.findLast(({ sequence, kind }) => sequence < own.sequence && (own.kind === "write" || kind === "write"));
}
