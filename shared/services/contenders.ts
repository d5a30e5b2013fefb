/**
 * Those who stand in line for a lock or an election. Each waits for one other only, so that whoever leaves wakes the next
 * and nobody else.
 *
 *     enter ──► look ─┬─ nothing blocks ──► granted
 *                ▲    └─ blocked ─┬─ time is left ──► wait for the one ahead ──┐
 *                │                └─ give up, or stay in line                  │
 *                └─────────────────────────────────────────────────────────────┘
 */
import { ServiceError } from "../api/errors.ts";
import { type Zxid, zxid } from "../brand.ts";
import {
  contendAttemptsMax,
  contenderIdCharsMax,
  fetchWaitMsMax,
  lineNameCharsMax,
  placeTriesMax,
  pollMsMax,
} from "../limits.ts";
import type { Storage } from "../storage/storage.ts";
import { readStat } from "../tree/read-znodes.ts";
import { openSessionProblem } from "../tree/sessions.ts";
import type { TreeResult } from "../tree/tree-request.ts";
import type { Tree } from "../tree/tree.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import { afterChange, isStorageFailure } from "./change-errors.ts";
import type { CallContext } from "./coordination.ts";
import {
  type Blocks,
  blockerOf,
  type Entrant,
  lineOf,
  type Place,
  placesOf,
  samePlace,
  type TakenPlace,
} from "./line.ts";
import type { Namespaces } from "./namespace-service.ts";
import { givenUp, Places, unclearIfFailed } from "./places.ts";
import { decidedOrThrow, refusalError } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export type Wait =
  | { readonly granted: true; readonly wasBlocked: boolean; /** Of the place. */ readonly version: number }
  /** `wasBlocked` is false where the store has not answered once. */
  | { readonly granted: false; readonly wasBlocked: boolean };

export class Contenders {
  readonly places: Places;
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  readonly #namespaces: Namespaces;
  /** `/locks` or `/elections`. */
  readonly #root: string;

  constructor(storage: Storage, trees: TreeRegistry, namespaces: Namespaces, root: string) {
    this.places = new Places(storage, trees, namespaces);
    this.#storage = storage;
    this.#trees = trees;
    this.#namespaces = namespaces;
    this.#root = root;
  }

  /** @throws ServiceError BAD_ARGUMENTS | UNKNOWN_NAMESPACE */
  async entrant(context: CallContext, name: string, contenderId: string | undefined): Promise<Entrant> {
    const parent = this.parentOf(name);
    const { session } = context;
    if (session === undefined) throw new ServiceError("BAD_ARGUMENTS", "This takes a session");
    const id = contenderId ?? session.sessionId.toString(36);
    if (id.length > contenderIdCharsMax || !/^[A-Za-z0-9_-]+$/.test(id)) {
      throw new ServiceError("BAD_ARGUMENTS", `A contender's id has 1 to ${contenderIdCharsMax} of A-Z a-z 0-9 _ -`);
    }
    await this.#namespaces.require(context.namespace);
    return { context, session, parent, contenderId: id };
  }

  /** @throws ServiceError BAD_ARGUMENTS */
  parentOf(name: string): string {
    const isName = /^[A-Za-z0-9._-]+$/.test(name) && name !== "." && name !== "..";
    if (isName && name.length <= lineNameCharsMax) return `${this.#root}/${name}`;
    throw new ServiceError("BAD_ARGUMENTS", `A name has 1 to ${lineNameCharsMax} of A-Z a-z 0-9 . _ -`);
  }

  /**
   * The entrant's place, taken now unless it has one. One put, after one query. A create whose outcome is unclear is
   * settled by looking again: once another entry is in the log, either so is the first, or it never will be.
   */
  async enter(entrant: Entrant, kind: string, data: Uint8Array | null): Promise<TakenPlace> {
    const look = (): Promise<ZnodeTree> => this.#readOpen(entrant);
    let unclear = 0;
    for (let attempt = 0; attempt < contendAttemptsMax; attempt += 1) {
      const tree = await (unclear === 0 ? look() : afterChange(look));
      const [known] = placesOf(tree, entrant);
      if (known !== undefined) return takenBefore(checkedKind(known, kind), tree);
      const created = await this.places.create(entrant, tree, this.#root, kind, data);
      const answer = unclear === 0 ? created : unclearIfFailed(created);
      if (answer.kind === "unknown" && (unclear += 1) < placeTriesMax) continue;
      const outcome = decidedOrThrow(answer);
      if ("result" in outcome) return await afterChange(() => this.#entered(entrant, kind, outcome.result));
      // Someone else created the parents first, or the container was removed as nobody was in line.
      const { code, operationIndex } = outcome.refusal;
      const isRace = code === "NODE_EXISTS" || (code === "NO_NODE" && operationIndex === 0);
      if (!isRace) throw refusalError(outcome.refusal);
    }
    throw tooContended(entrant);
  }

  /**
   * Waits until nothing blocks the place, but no longer than `waitMs`. Whether it is granted is decided on the tree as it is
   * when this answers, never on one from before a wait.
   *
   * @throws ServiceError SESSION_EXPIRED | NO_NODE if the place was given up meanwhile
   */
  async waitForGrant(
    entrant: Entrant,
    taken: TakenPlace,
    blocks: Blocks,
    { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal },
  ): Promise<Wait> {
    const { clock } = this.#storage;
    const endMs = clock.monotonicMs() + Math.min(waitMs, fetchWaitMsMax);
    const followed = this.places.tree(entrant);
    // What this call has seen the place in is new enough.
    let tree = await unlessSilent(() => followed.readAtLeast(taken.seenAt));
    let wasBlocked = false;
    for (;;) {
      const look = tree === undefined ? undefined : lookAt(tree, entrant, taken, blocks);
      if (look !== undefined && look.blocker === undefined) return { granted: true, wasBlocked, version: look.version };
      wasBlocked ||= look !== undefined;
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0 || signal?.aborted === true) return { granted: false, wasBlocked };
      if (look?.blocker === undefined) {
        await this.#pause(Math.min(leftMs, pollMsMax), signal);
      } else {
        const scopes = [look.blocker.path, taken.path].map((path) => ({ path, recursive: false }));
        await followed.waitFor(scopes, look.zxid, leftMs, signal);
      }
      tree = await unlessSilent(() => followed.read());
    }
  }

  /** Gives up what the entrant has, in line or granted. One put when warm. @throws ServiceError SESSION_EXPIRED | NO_NODE */
  async leave(entrant: Entrant): Promise<void> {
    // Memory that is behind may know the place: whether it is still there is decided where it is taken away.
    let tree = await this.places.tree(entrant).readAtLeast(zxid(0));
    for (let attempt = 0; attempt < contendAttemptsMax; attempt += 1) {
      const places = placesOf(tree, entrant);
      if (places.length === 0 && attempt > 0) throw notInLine(entrant);
      if (places.length > 0 && (await this.places.remove(entrant, places))) return await this.#removeRest(entrant);
      tree = await this.#readOpen(entrant);
    }
    throw tooContended(entrant);
  }

  /** The entrant's place if it is granted. @throws ServiceError SESSION_EXPIRED | NO_NODE if it is not even in line */
  async granted(entrant: Entrant, blocks: Blocks): Promise<TakenPlace | undefined> {
    // What was granted stays so for as long as it is there: for who checks the fence, memory that is behind will do.
    const seen = await this.places.tree(entrant).readAtLeast(zxid(0));
    const [known] = placesOf(seen, entrant);
    if (known !== undefined && blockerOf(seen, known, blocks) === undefined) return takenBefore(known, seen);
    const tree = await this.#readOpen(entrant);
    const [own] = placesOf(tree, entrant);
    if (own === undefined) throw notInLine(entrant);
    return blockerOf(tree, own, blocks) === undefined ? takenBefore(own, tree) : undefined;
  }

  /** The line as it is now, for anyone who may READ it; empty if there is none. */
  async line(
    context: CallContext,
    name: string,
  ): Promise<{ readonly line: readonly Place[]; readonly tree: ZnodeTree }> {
    const parent = this.parentOf(name);
    await this.#namespaces.require(context.namespace);
    const tree = await this.tree(context.namespace).read();
    const problem = openSessionProblem(tree, context.session);
    if (problem !== undefined) throw refusalError(problem);
    const read = readStat(tree, parent, context.identities);
    if ("refusal" in read && read.refusal.code !== "NO_NODE") throw refusalError(read.refusal);
    return { line: lineOf(tree, parent), tree };
  }

  tree(namespace: string): Tree {
    return this.#trees.tree(namespace);
  }

  async #readOpen(entrant: Entrant): Promise<ZnodeTree> {
    const tree = await this.places.tree(entrant).read();
    checkSession(tree, entrant);
    return tree;
  }

  /** Two calls of one contender may both have found it without a place: the earlier one is kept. */
  async #entered(entrant: Entrant, kind: string, { zxid, results }: TreeResult): Promise<TakenPlace> {
    const created = results.at(-1);
    if (created?.kind !== "create") throw new Error(`a place in line was answered with ${created?.kind}`);
    const { path, stat } = created;
    const taken = { path, czxid: stat.czxid, seenAt: zxid, version: stat.version };
    const tree = await this.places.tree(entrant).readAtLeast(zxid);
    const [first] = placesOf(tree, entrant);
    if (first === undefined || first.path === path) return taken;
    const kept = takenBefore(first, tree);
    await this.places.giveUp(entrant, taken);
    checkedKind(first, kind);
    return kept;
  }

  /** What a call left behind that ended before it saw that the contender had a place already. No request if there is none. */
  async #removeRest(entrant: Entrant): Promise<void> {
    const rest = placesOf(await afterChange(() => this.places.tree(entrant).readAtLeast(zxid(0))), entrant);
    if (rest.length > 0) await this.places.remove(entrant, rest);
  }

  /** Shorter if the signal aborts. */
  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#storage.timers.sleep(ms, signal);
    } catch (cause) {
      if (signal?.aborted !== true) throw cause;
    }
  }
}

interface Look {
  readonly zxid: Zxid;
  readonly blocker: Place | undefined;
  /** Of the entrant's own place. */
  readonly version: number;
}

/** @throws ServiceError SESSION_EXPIRED | NO_NODE */
function lookAt(tree: ZnodeTree, entrant: Entrant, taken: TakenPlace, blocks: Blocks): Look {
  checkSession(tree, entrant);
  const own = samePlace(tree, taken);
  if (own === undefined) throw givenUp(taken.path);
  return { zxid: tree.lastZxid, blocker: blockerOf(tree, own, blocks), version: own.node.version };
}

/** Undefined while the store does not answer. */
async function unlessSilent(read: () => Promise<ZnodeTree>): Promise<ZnodeTree | undefined> {
  try {
    return await read();
  } catch (cause) {
    if (!isStorageFailure(cause)) throw cause;
    return undefined;
  }
}

function takenBefore({ path, node }: Place, tree: ZnodeTree): TakenPlace {
  return { path, czxid: node.czxid, seenAt: tree.lastZxid };
}

function checkSession(tree: ZnodeTree, { session }: Entrant): void {
  const problem = openSessionProblem(tree, session);
  if (problem !== undefined) throw refusalError(problem);
}

function checkedKind(place: Place, kind: string): Place {
  if (place.kind === kind) return place;
  throw new ServiceError("BAD_ARGUMENTS", `${place.contenderId} is in line for ${place.kind}: give that up first`);
}

function notInLine({ contenderId, parent }: Entrant): ServiceError {
  return new ServiceError("NO_NODE", `${contenderId} is not in line at ${parent}`);
}

function tooContended({ parent }: Entrant): ServiceError {
  return new ServiceError("THROTTLING_QUOTA_EXCEEDED", `The line at ${parent} comes and goes`);
}
