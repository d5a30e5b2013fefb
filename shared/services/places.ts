/** Changes of places in line, each under the session of its owner, and each sent again while its outcome is unclear. */
import { ServiceError } from "../api/errors.ts";
import { placeTriesMax } from "../limits.ts";
import { backoffMs } from "../log/put-entry.ts";
import type { Storage } from "../storage/storage.ts";
import { anyVersion, type CreateMode, type Operation } from "../tree/tree-request.ts";
import type { Tree, TreeWriteResult } from "../tree/tree.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import type { Entrant, Place, TakenPlace } from "./line.ts";
import type { Namespaces } from "./namespace-service.ts";
import { decidedOrThrow, doneOrThrow, refusalError } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export class Places {
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  readonly #namespaces: Namespaces;

  constructor(storage: Storage, trees: TreeRegistry, namespaces: Namespaces) {
    this.#storage = storage;
    this.#trees = trees;
    this.#namespaces = namespaces;
  }

  tree({ context }: Entrant): Tree {
    return this.#trees.tree(context.namespace);
  }

  /** A place, and with it what `tree` lacks above it. Not sent again: a second one would be another place. */
  create(
    entrant: Entrant,
    tree: ZnodeTree,
    root: string,
    kind: string,
    data: Uint8Array | null,
  ): Promise<TreeWriteResult> {
    const { parent, contenderId } = entrant;
    const missing = [root, parent].filter((path) => tree.node(path) === undefined);
    return this.#send(entrant, [
      ...missing.map((path) => create(path, null, path === parent ? "container" : "persistent")),
      create(`${parent}/${kind}-${contenderId}-`, data, "ephemeral_sequential"),
    ]);
  }

  /**
   * Makes a place that another call has taken this call's own: that one does not give it up any more.
   *
   * @throws ServiceError SESSION_EXPIRED | NO_NODE if the place was given up meanwhile
   */
  async claim(entrant: Entrant, { path, czxid }: TakenPlace): Promise<TakenPlace> {
    const { answer } = await this.#settle(entrant, [
      { kind: "fence", path, czxid },
      { kind: "setData", path, data: null, version: anyVersion },
    ]);
    const outcome = decidedOrThrow(answer);
    if ("refusal" in outcome) throw outcome.refusal.code === "FENCED" ? givenUp(path) : refusalError(outcome.refusal);
    const changed = outcome.result.results.at(-1);
    if (changed?.kind !== "setData") throw new Error(`a claim was answered with ${changed?.kind}`);
    return { path, czxid, seenAt: outcome.result.zxid, version: changed.stat.version };
  }

  /**
   * Takes the place away, unless it is gone already or a later call of the same contender has claimed it.
   *
   * @throws ServiceError REQUEST_TIMED_OUT also where nothing was changed: the place that was taken is still there
   */
  async giveUp(entrant: Entrant, { path, czxid, version = anyVersion }: TakenPlace): Promise<void> {
    const { answer } = await this.#settle(entrant, [
      { kind: "fence", path, czxid },
      { kind: "delete", path, version },
    ]);
    const outcome = decidedOrThrow(unclearIfFailed(answer));
    if ("result" in outcome || outcome.refusal.code === "FENCED" || outcome.refusal.code === "BAD_VERSION") return;
    throw refusalError(outcome.refusal);
  }

  /** Takes the places away, all or none; false if one of them was gone already. */
  async remove(entrant: Entrant, places: readonly Place[]): Promise<boolean> {
    const { answer, isRepeat } = await this.#settle(
      entrant,
      places.map(({ path }) => ({ kind: "delete", path, version: anyVersion })),
    );
    const outcome = decidedOrThrow(answer);
    if ("result" in outcome) return true;
    if (outcome.refusal.code !== "NO_NODE") throw refusalError(outcome.refusal);
    // Gone by the first of them, whose answer was lost.
    return isRepeat;
  }

  /** Changes the data of a place that is still there. @throws ServiceError SESSION_EXPIRED | FENCED */
  async setData(entrant: Entrant, { path, czxid }: TakenPlace, data: Uint8Array | null): Promise<void> {
    const setData: Operation = { kind: "setData", path, data, version: anyVersion };
    doneOrThrow(await this.#send(entrant, [{ kind: "fence", path, czxid }, setData]));
  }

  /** For what may be done twice. */
  async #settle(
    entrant: Entrant,
    operations: readonly Operation[],
  ): Promise<{ readonly answer: TreeWriteResult; readonly isRepeat: boolean }> {
    let isUnclear = false;
    for (let tries = 1; ; tries += 1) {
      const sent = await this.#send(entrant, operations);
      const answer: TreeWriteResult = isUnclear ? unclearIfFailed(sent) : sent;
      isUnclear ||= answer.kind === "unknown";
      const isAnswered = answer.kind === "done" || answer.kind === "refused";
      if (isAnswered || tries === placeTriesMax) return { answer, isRepeat: tries > 1 };
      await this.#storage.timers.sleep(backoffMs(this.#storage, tries));
    }
  }

  #send(entrant: Entrant, operations: readonly Operation[]): Promise<TreeWriteResult> {
    const { context, session } = entrant;
    const request = { operations, identities: context.identities, session };
    return this.#namespaces.inOpenTree(context.namespace, () => this.tree(entrant).write(request));
  }
}

/** For a change that is not the first of a call, or not sent for the first time: that it failed does not undo the others. */
export function unclearIfFailed(answer: TreeWriteResult): TreeWriteResult {
  return answer.kind === "failed" ? { kind: "unknown", cause: answer.cause } : answer;
}

export function givenUp(path: string): ServiceError {
  return new ServiceError("NO_NODE", `The place ${path} was given up`);
}

function create(path: string, data: Uint8Array | null, mode: CreateMode): Operation {
  return { kind: "create", path, data, mode };
}
