/** What has happened in a tree, for those who watch it: a cursor on its log, filtered by path and by what may be read. */
import { zxid } from "../brand.ts";
import { ServiceError } from "../api/errors.ts";
import { changesLimitMax, fetchWaitMsMax, znodePathCharsMax } from "../limits.ts";
import type { Storage } from "../storage/storage.ts";
import { isReadByAll, mayAccess, permission } from "../tree/acl.ts";
import { findPathProblem } from "../tree/paths.ts";
import { type Changes, readChanges } from "../tree/read-changes.ts";
import { openSessionProblem } from "../tree/sessions.ts";
import { concerns, type TreeEvent } from "../tree/tree-events.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import type { CallContext, ChangesAnswer, ChangeService, ZnodeEvent } from "./coordination.ts";
import type { Namespaces } from "./namespace-service.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { refusalError } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";

type ChangesRequest = Parameters<ChangeService["changes"]>[1];

export function changeService(storage: Storage, trees: TreeRegistry, namespaces: Namespaces): ChangeService {
  return new TreeChanges(storage, trees, namespaces);
}

class TreeChanges implements ChangeService {
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  readonly #namespaces: Namespaces;

  constructor(storage: Storage, trees: TreeRegistry, namespaces: Namespaces) {
    this.#storage = storage;
    this.#trees = trees;
    this.#namespaces = namespaces;
  }

  changes(context: CallContext, request: ChangesRequest): Promise<ChangesAnswer> {
    return withStorageErrors(async () => {
      checkRequest(request);
      await this.#namespaces.require(context.namespace);
      const { clock } = this.#storage;
      const endMs = clock.monotonicMs() + Math.min(request.waitMs, fetchWaitMsMax);
      let { since, skip = 0 } = request;
      for (;;) {
        const answer = await this.#look(context, { ...request, skip }, since);
        const leftMs = endMs - clock.monotonicMs();
        const isOver = leftMs <= 0 || request.signal?.aborted === true;
        if (since === undefined || answer.events.length > 0 || isOver) return answer;
        // What did not concern the caller need not be gone through again.
        since = answer.zxid;
        skip = 0;
        const scopes = [{ path: request.path, recursive: request.recursive }];
        await this.#trees.tree(context.namespace).waitFor(scopes, zxid(since), leftMs, request.signal);
      }
    });
  }

  async #look(
    { namespace, identities, session }: CallContext,
    request: ChangesRequest,
    since: number | undefined,
  ): Promise<ChangesAnswer> {
    const followed = this.#trees.tree(namespace);
    const tree = await followed.read();
    const problem = openSessionProblem(tree, session);
    if (problem !== undefined) throw refusalError(problem);
    const { lastZxid } = tree;
    if (since === undefined) return { events: [], zxid: lastZxid };
    if (since > lastZxid) throw outOfRange(since, 0, lastZxid);
    const changes = await readChanges(this.#storage, followed, zxid(since), lastZxid);
    if (changes.kind === "too old") throw outOfRange(since, changes.oldest, lastZxid);
    return select(changes, request, (event) => mayRead(tree, event, identities));
  }
}

/** A path as JSON, whose characters take three bytes each at most, and what stands around it. */
function eventBytes({ path }: TreeEvent): number {
  return 3 * path.length + 80;
}

/** As many as are asked for, and all those of the last zxid, as long as they fit. */
function select(
  { changes, upTo }: Extract<Changes, { kind: "changes" }>,
  request: ChangesRequest,
  mayHear: (event: TreeEvent) => boolean,
): ChangesAnswer {
  const events: ZnodeEvent[] = [];
  const firstZxid = (request.since ?? 0) + 1;
  const { bytesMax = Infinity } = request;
  let bytes = 0;
  for (const change of changes) {
    if (change.zxid > upTo) break;
    const before = events.length;
    const skip = change.zxid === firstZxid ? (request.skip ?? 0) : 0;
    for (const [index, event] of change.events.entries()) {
      if (index < skip || !concerns(request, event) || !mayHear(event)) continue;
      bytes += eventBytes(event);
      if (bytes > bytesMax && events.length > 0) {
        if (before > 0) return { events: events.slice(0, before), zxid: change.zxid - 1 };
        return { events, zxid: change.zxid - 1, skip: index };
      }
      events.push({ zxid: change.zxid, type: event.type, path: event.path });
    }
    if (events.length >= request.limit) return { events, zxid: change.zxid };
  }
  return { events, zxid: upTo };
}

function mayRead(tree: ZnodeTree, { aclIndex }: TreeEvent, identities: CallContext["identities"]): boolean {
  const list = tree.acl(aclIndex);
  return isReadByAll(list) || mayAccess(list, permission.read, identities);
}

function checkRequest({ since, skip, path, limit, waitMs }: ChangesRequest): void {
  const problem = path.length > znodePathCharsMax ? "it is too long" : findPathProblem(path);
  if (problem !== undefined) throw new ServiceError("BAD_ARGUMENTS", `The path cannot be watched: ${problem}`);
  const isWhole = [since ?? 0, skip ?? 0, waitMs].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (isWhole && Number.isInteger(limit) && limit >= 1 && limit <= changesLimitMax) return;
  throw new ServiceError(
    "BAD_ARGUMENTS",
    `since, skip and waitMs are whole numbers, limit is from 1 to ${changesLimitMax}`,
  );
}

function outOfRange(since: number, oldestZxid: number, lastZxid: number): ServiceError {
  const message =
    since > lastZxid
      ? `The tree is at zxid ${lastZxid}, before ${since}`
      : `Changes since zxid ${since} are no longer kept, only those since ${oldestZxid}`;
  return new ServiceError("OFFSET_OUT_OF_RANGE", message, { details: { since, oldestZxid, zxid: lastZxid } });
}
