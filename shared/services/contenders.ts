/**
 * Those who stand in line for a lock or an election: ephemeral sequential znodes below one container, first come first
 * served. Each waits for one other only, so that whoever leaves wakes the next and nobody else.
 *
 *     /locks/<name>/<mode>-<contender id>-%010d
 *     /elections/<name>/candidate-<contender id>-%010d
 */
import { ServiceError } from "../api/errors.ts";
import { contendAttemptsMax, contenderIdCharsMax, fetchWaitMsMax, lineNameCharsMax } from "../limits.ts";
import type { Storage } from "../storage/storage.ts";
import { readStat } from "../tree/read-znodes.ts";
import { openSessionProblem } from "../tree/sessions.ts";
import type { Znode } from "../tree/stat.ts";
import { anyVersion, type CreateMode, type Operation, type TreeResult } from "../tree/tree-request.ts";
import type { Tree } from "../tree/tree.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import type { CallContext, SessionCredentials } from "./coordination.ts";
import type { Namespaces } from "./namespace-service.ts";
import { decidedOrThrow, doneOrThrow, refusalError, type TreeOutcome } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";

/** A place in line. */
export interface Place {
  readonly path: string;
  readonly kind: string;
  readonly contenderId: string;
  readonly sequence: number;
  readonly node: Readonly<Znode>;
}

/** A call under a session. */
export interface Entrant {
  readonly context: CallContext;
  readonly session: SessionCredentials;
  readonly parent: string;
  readonly contenderId: string;
}

/** The first places of a line, in its order, and the one that must go before the own place is granted. */
export type FindBlocker = (line: readonly Place[], own: Place) => Place | undefined;

export class Contenders {
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  readonly #namespaces: Namespaces;
  /** `/locks` or `/elections`. */
  readonly #root: string;

  constructor(storage: Storage, trees: TreeRegistry, namespaces: Namespaces, root: string) {
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

  /** The entrant's place, taken now unless it has one. One put, after one query. */
  async enter(entrant: Entrant, kind: string, data: Uint8Array | null): Promise<Place> {
    const { parent, contenderId } = entrant;
    for (let attempt = 0; attempt < contendAttemptsMax; attempt += 1) {
      const tree = await this.#readOpen(entrant);
      const known = ownPlace(tree, entrant);
      if (known !== undefined) return checkedKind(known, kind);
      const missing = [this.#root, parent].filter((path) => tree.node(path) === undefined);
      const operations = missing.map((path) => create(path, null, path === parent ? "container" : "persistent"));
      operations.push(create(`${parent}/${kind}-${contenderId}-`, data, "ephemeral_sequential"));
      const outcome = await this.#write(entrant, operations);
      if ("result" in outcome) return await this.#created(entrant, outcome.result);
      // Someone else created the parents first, or the container was removed as nobody was in line.
      const { code, operationIndex } = outcome.refusal;
      const isRace = code === "NODE_EXISTS" || (code === "NO_NODE" && operationIndex === 0);
      if (!isRace) throw refusalError(outcome.refusal);
    }
    throw new ServiceError("THROTTLING_QUOTA_EXCEEDED", `The line at ${parent} comes and goes`);
  }

  /**
   * Waits until nothing blocks the place; undefined if that takes longer than `waitMs`. Whether it is granted is decided on
   * the tree as it is when this answers, never on one from before a wait.
   *
   * @throws ServiceError SESSION_EXPIRED | NO_NODE if the place was given up meanwhile
   */
  async waitForGrant(
    entrant: Entrant,
    place: Place,
    findBlocker: FindBlocker,
    { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal },
  ): Promise<Place | undefined> {
    const { clock } = this.#storage;
    const endMs = clock.monotonicMs() + Math.min(waitMs, fetchWaitMsMax);
    const followed = this.#tree(entrant);
    let tree = await followed.readAtLeast(place.node.czxid);
    for (;;) {
      checkSession(tree, entrant);
      const line = lineOf(tree, entrant.parent);
      const own = line.find(({ path }) => path === place.path);
      if (own === undefined) throw new ServiceError("NO_NODE", `The place ${place.path} was given up`);
      const blocker = findBlocker(line, own);
      if (blocker === undefined) return own;
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0 || signal?.aborted === true) return undefined;
      const scopes = [blocker.path, own.path].map((path) => ({ path, recursive: false }));
      await followed.waitFor(scopes, tree.lastZxid, leftMs, signal);
      tree = await followed.read();
    }
  }

  /** The entrant's place as it is now. @throws ServiceError SESSION_EXPIRED | NO_NODE */
  async find(entrant: Entrant): Promise<{ readonly own: Place; readonly line: readonly Place[] }> {
    const tree = await this.#readOpen(entrant);
    const own = ownPlace(tree, entrant);
    if (own === undefined)
      throw new ServiceError("NO_NODE", `${entrant.contenderId} is not in line at ${entrant.parent}`);
    return { own, line: lineOf(tree, entrant.parent) };
  }

  /** Gives a place up; one that is gone already is no error. */
  async leave(entrant: Entrant, { path }: Pick<Place, "path">): Promise<void> {
    const outcome = await this.#write(entrant, [{ kind: "delete", path, version: anyVersion }]);
    if ("refusal" in outcome && outcome.refusal.code !== "NO_NODE") throw refusalError(outcome.refusal);
  }

  /** Changes the data of a place, if it is still there. @throws ServiceError FENCED */
  async setData(entrant: Entrant, { path, node }: Place, data: Uint8Array | null): Promise<void> {
    const operations: readonly Operation[] = [
      { kind: "fence", path, czxid: node.czxid },
      { kind: "setData", path, data, version: anyVersion },
    ];
    const { identities, namespace } = entrant.context;
    const request = { operations, identities, session: entrant.session };
    doneOrThrow(await this.#namespaces.inOpenTree(namespace, () => this.#tree(entrant).write(request)));
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

  #tree({ context }: Entrant): Tree {
    return this.tree(context.namespace);
  }

  async #readOpen(entrant: Entrant): Promise<ZnodeTree> {
    const tree = await this.#tree(entrant).read();
    checkSession(tree, entrant);
    return tree;
  }

  async #write(entrant: Entrant, operations: readonly Operation[]): Promise<TreeOutcome> {
    const { namespace, identities } = entrant.context;
    const request = { operations, identities, session: entrant.session };
    return decidedOrThrow(await this.#namespaces.inOpenTree(namespace, () => this.#tree(entrant).write(request)));
  }

  async #created(entrant: Entrant, { zxid, results }: TreeResult): Promise<Place> {
    const created = results.at(-1);
    if (created?.kind !== "create") throw new Error(`a place in line was answered with ${created?.kind}`);
    const tree = await this.#tree(entrant).readAtLeast(zxid);
    const place = lineOf(tree, entrant.parent).find(({ path }) => path === created.path);
    if (place === undefined) throw new ServiceError("NO_NODE", `The place ${created.path} was given up`);
    return place;
  }
}

function checkSession(tree: ZnodeTree, { session }: Entrant): void {
  const problem = openSessionProblem(tree, session);
  if (problem !== undefined) throw refusalError(problem);
}

function ownPlace(tree: ZnodeTree, { parent, contenderId, session }: Entrant): Place | undefined {
  return lineOf(tree, parent).find(
    (place) => place.contenderId === contenderId && place.node.ephemeralOwner === session.sessionId,
  );
}

function checkedKind(place: Place, kind: string): Place {
  if (place.kind === kind) return place;
  throw new ServiceError("BAD_ARGUMENTS", `${place.contenderId} is in line for ${place.kind}: give that up first`);
}

/** What is below the parent and reads as a place, in the order of the sequence. */
function lineOf(tree: ZnodeTree, parent: string): readonly Place[] {
  const places: Place[] = [];
  for (const name of tree.childNames(parent)) {
    const match = /^(write|read|candidate)-([A-Za-z0-9_-]+)-(\d{10,})$/.exec(name);
    const path = `${parent}/${name}`;
    const node = tree.node(path);
    if (match === null || node === undefined) continue;
    const [, kind = "", contenderId = "", sequence] = match;
    places.push({ path, kind, contenderId, sequence: Number(sequence), node });
  }
  return places.toSorted((one, other) => one.sequence - other.sequence);
}

function create(path: string, data: Uint8Array | null, mode: CreateMode): Operation {
  return { kind: "create", path, data, mode };
}

/** The session's id of who holds a place. */
export function ownerOf({ node }: Place): bigint {
  return node.ephemeralOwner;
}
