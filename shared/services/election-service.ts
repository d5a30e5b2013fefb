/** Elections: the first in line leads until it resigns or its session ends. */
import { ServiceError } from "../api/errors.ts";
import { fetchWaitMsMax } from "../limits.ts";
import type { Storage } from "../storage/storage.ts";
import { withChangeErrors } from "./change-errors.ts";
import { Contenders } from "./contenders.ts";
import type { CallContext, ElectionService, Leader } from "./coordination.ts";
import type { Blocks, Place } from "./line.ts";
import type { Namespaces } from "./namespace-service.ts";
import { withStorageErrors } from "./storage-errors.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export function electionService(storage: Storage, trees: TreeRegistry, namespaces: Namespaces): ElectionService {
  return new TreeElections(storage, new Contenders(storage, trees, namespaces, "/elections"));
}

class TreeElections implements ElectionService {
  readonly #storage: Storage;
  readonly #contenders: Contenders;

  constructor(storage: Storage, contenders: Contenders) {
    this.#storage = storage;
    this.#contenders = contenders;
  }

  async campaign(
    context: CallContext,
    name: string,
    request: Parameters<ElectionService["campaign"]>[2],
  ): ReturnType<ElectionService["campaign"]> {
    return await withChangeErrors(async () => {
      const entrant = await this.#contenders.entrant(context, name, request.contenderId);
      const place = await this.#contenders.enter(entrant, "candidate", request.data ?? null);
      const { granted } = await this.#contenders.waitForGrant(entrant, place, everyoneBlocks, request);
      return { leader: granted, candidate: place.path, ...(granted ? { fencingToken: place.czxid } : {}) };
    });
  }

  async resign(context: CallContext, name: string, request: Parameters<ElectionService["resign"]>[2]): Promise<void> {
    await withChangeErrors(async () => {
      const entrant = await this.#contenders.entrant(context, name, request.contenderId);
      await this.#contenders.leave(entrant);
    });
  }

  async proclaim(
    context: CallContext,
    name: string,
    request: Parameters<ElectionService["proclaim"]>[2],
  ): ReturnType<ElectionService["proclaim"]> {
    return await withChangeErrors(async () => {
      const entrant = await this.#contenders.entrant(context, name, request.contenderId);
      const leading = await this.#contenders.granted(entrant, everyoneBlocks);
      if (leading === undefined) throw new ServiceError("FENCED", `${entrant.contenderId} does not lead ${name}`);
      await this.#contenders.places.setData(entrant, leading, request.data);
      return { fencingToken: leading.czxid };
    });
  }

  async leader(context: CallContext, name: string): ReturnType<ElectionService["leader"]> {
    return await withStorageErrors(async () => {
      const { line } = await this.#contenders.line(context, name);
      const [first] = line;
      return { leader: leaderOf(first), candidates: line.length, since: sinceOf(first) };
    });
  }

  async observe(
    context: CallContext,
    name: string,
    request: Parameters<ElectionService["observe"]>[2],
  ): ReturnType<ElectionService["observe"]> {
    const { since, waitMs, signal } = request;
    if (since !== undefined && !/^\d{1,16}(?:-\d{1,10})?$/.test(since)) {
      throw new ServiceError("BAD_ARGUMENTS", "since is what an earlier answer gave, or a fencing token");
    }
    return await withStorageErrors(async () => {
      const { clock } = this.#storage;
      const endMs = clock.monotonicMs() + Math.min(waitMs, fetchWaitMsMax);
      for (;;) {
        const { line, tree } = await this.#contenders.line(context, name);
        const [first] = line;
        const leftMs = endMs - clock.monotonicMs();
        const isNews = since === undefined || !isSame(since, first);
        if (isNews || leftMs <= 0 || signal?.aborted === true) {
          return { leader: leaderOf(first), since: sinceOf(first) };
        }
        // A leader changes only by going; where there is none, whoever comes first leads.
        const scope = { path: first?.path ?? this.#contenders.parentOf(name), recursive: false };
        await this.#contenders.tree(context.namespace).waitFor([scope], tree.lastZxid, leftMs, signal);
      }
    });
  }
}

const everyoneBlocks: Blocks = () => true;

function leaderOf(first: Place | undefined): Leader | undefined {
  if (first === undefined) return undefined;
  const { path, node } = first;
  return { path, fencingToken: node.czxid, data: node.data, sessionId: node.ephemeralOwner };
}

/** The leader, and how often it has proclaimed. */
function sinceOf(first: Place | undefined): string {
  return first === undefined ? "0" : `${first.node.czxid}-${first.node.version}`;
}

function isSame(since: string, first: Place | undefined): boolean {
  const [token, version] = since.split("-");
  if (Number(token) !== (first?.node.czxid ?? 0)) return false;
  return version === undefined || first === undefined || Number(version) === first.node.version;
}
