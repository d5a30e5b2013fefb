/**
 * The states of share partitions as items: each changes by one conditional update on the version that was decided on. What a
 * process remembers is verified by that condition, so it may be old but never does harm.
 *
 *     decide on what is remembered ──► update ── applied ─────────────────────────────► done
 *                                       │└────── not: our attempt is in what stands ──► done   (an answer was lost)
 *                                       │├────── not: nobody knows, if ours may be forgotten there by now
 *                                       │└────── not: decide on what stands there, bounded
 *                                       └─────── time-out: the very same update again, bounded
 */
import { type ShareState } from "../groups/share-state.ts";
import { decodeShareState, encodeShareState } from "../groups/share-state-codec.ts";
import { pageItemsMax } from "../limits.ts";
import { shareAttemptsKept, shareStatesCachedMax, shareTurnsMax, shareUpdateTriesMax } from "../limits/share-groups.ts";
import { backoffMs } from "../log/put-entry.ts";
import { StorageThrottledError, StorageTimeoutError } from "../storage/errors.ts";
import { shareKey, sharePartition } from "../storage/item-keys.ts";
import type { Condition, Item, ItemKey } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { ShareGroup, ShareGroupItems } from "./share-group-items.ts";
import { untilAnswered } from "./until-answered.ts";

export interface SharePartitionName {
  readonly group: ShareGroup;
  readonly topicId: string;
  readonly partition: number;
}

/** What stands in an item, or stood there when it was seen. */
export interface HeldState {
  /** Undefined: the group has begun nothing in the partition. */
  readonly state: ShareState | undefined;
  readonly version: number | undefined;
  /** Whose it is: versions of an item that was deleted and made again are counted from 1 again. */
  readonly groupId: string;
  readonly attempts: readonly string[];
  /** False for what was remembered. */
  readonly fresh: boolean;
}

export interface Decision<Answer> {
  /** The same object as before for no change. */
  readonly state: ShareState | undefined;
  readonly answer: Answer;
}

export type ChangeOutcome<Answer> =
  | { readonly kind: "done"; readonly answer: Answer }
  /** Others were faster each time. */
  | { readonly kind: "lost" };

export interface ChangeOptions {
  readonly attemptsMax: number;
  /** Whether no change is an answer also where it was decided on what was remembered. */
  readonly mayBeOld: boolean;
}

export class ShareStates {
  readonly #storage: Storage;
  readonly #groups: ShareGroupItems;
  /** Least recently used first. */
  readonly #known = new Map<string, HeldState>();
  /** The last in each line of calls, with how many they are. */
  readonly #lines = new Map<string, { readonly last: Promise<unknown>; readonly length: number }>();

  constructor(storage: Storage, groups: ShareGroupItems) {
    this.#storage = storage;
    this.#groups = groups;
  }

  /** What is remembered, else one request. */
  async peek(name: SharePartitionName): Promise<HeldState> {
    const known = this.#known.get(idOf(name));
    return known === undefined ? await this.refresh(name) : { ...known, fresh: false };
  }

  /** One request. */
  async refresh(name: SharePartitionName): Promise<HeldState> {
    return await this.#hold(name, await this.#storage.items.get(keyOf(name)));
  }

  /** All that the group has, by item key: one request for each page. */
  async all(group: ShareGroup): Promise<ReadonlyMap<string, { readonly key: ItemKey; readonly state: ShareState }>> {
    const found = new Map<string, { readonly key: ItemKey; readonly state: ShareState }>();
    let after: string | undefined;
    do {
      const page = await this.#storage.items.query(sharePartition(group.namespace, group.group), {
        limit: pageItemsMax,
        ...(after === undefined ? {} : { after }),
      });
      for (const item of page.items) {
        const { state } = heldOf(item);
        if (isOf(group, item) && state !== undefined) found.set(item.key.sort, { key: item.key, state });
      }
      after = page.next;
    } while (after !== undefined);
    return found;
  }

  /** @throws ShareGroupChangedError, and what the store throws; after a StorageTimeoutError it may be applied */
  async change<Answer>(
    name: SharePartitionName,
    decide: (state: ShareState | undefined) => Decision<Answer>,
    { attemptsMax, mayBeOld }: ChangeOptions,
  ): Promise<ChangeOutcome<Answer>> {
    let held = await this.peek(name);
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      let decided = decide(held.state);
      if (decided.state === held.state && !held.fresh && !mayBeOld) {
        held = await this.refresh(name);
        decided = decide(held.state);
      }
      const { state, answer } = decided;
      if (state === held.state || state === undefined) return { kind: "done", answer };
      // A group that is gone would leave an item behind, and one made again would begin in the wrong place.
      if (held.version === undefined) await this.#groups.confirm(name.group);
      const found = await this.#update(name, held, state);
      if (found === undefined) return { kind: "done", answer };
      held = found;
      await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    }
    return { kind: "lost" };
  }

  /**
   * Calls of this process about one partition come one after the other, so that they do not race with each other.
   *
   * @throws StorageThrottledError if too many wait
   */
  async inTurn<Result>(name: SharePartitionName, run: () => Promise<Result>): Promise<Result> {
    const id = idOf(name);
    const line = this.#lines.get(id);
    const length = (line?.length ?? 0) + 1;
    if (length > shareTurnsMax) throw new StorageThrottledError("too many calls wait for one share partition");
    const turn = (line?.last ?? Promise.resolve()).then(run);
    const last = turn.catch(() => undefined);
    this.#lines.set(id, { last, length });
    try {
      return await turn;
    } finally {
      const left = this.#lines.get(id);
      if (left?.last === last) this.#lines.delete(id);
      else if (left !== undefined) this.#lines.set(id, { ...left, length: left.length - 1 });
    }
  }

  /** Undefined when it is applied; else what stands there instead. */
  async #update(name: SharePartitionName, held: HeldState, state: ShareState): Promise<HeldState | undefined> {
    const { items, random } = this.#storage;
    const key = keyOf(name);
    const attempt = random.id();
    const attempts = [...held.attempts, attempt].slice(-shareAttemptsKept);
    const set = { groupId: name.group.groupId, attempts: attempts.join(","), state: encodeShareState(state) };
    const conditions: readonly Condition[] =
      held.version === undefined
        ? [{ kind: "absent" }]
        : [
            { kind: "version", version: held.version },
            { kind: "attribute", name: "groupId", op: "=", value: held.groupId },
          ];
    this.#known.delete(idOf(name));
    let tries = 0;
    const found = await untilAnswered(shareUpdateTriesMax, async () => {
      tries += 1;
      const written = await items.update(key, { set }, conditions);
      if (written.applied) {
        const { groupId } = name.group;
        this.#remember(name, { state, version: written.item.version, groupId, attempts, fresh: true });
        return undefined;
      }
      return await this.#hold(name, written.existing ?? (await items.get(key)));
    });
    if (found === undefined || found.attempts.includes(attempt)) return undefined;
    const changes = (found.version ?? Infinity) - (held.version ?? 0);
    if (tries > 1 && changes > shareAttemptsKept) {
      throw new StorageTimeoutError("so many changes came since that nobody knows whether this one came before them");
    }
    return found;
  }

  async #hold(name: SharePartitionName, item: Item | undefined): Promise<HeldState> {
    if (item === undefined) {
      this.#known.delete(idOf(name));
      return { state: undefined, version: undefined, groupId: name.group.groupId, attempts: [], fresh: true };
    }
    const held = heldOf(item);
    if (!isOf(name.group, item)) {
      // One of the two is of a group that is gone. If ours is the one that there is, what stands here counts for nothing.
      await this.#groups.confirm(name.group);
      return { ...held, state: undefined };
    }
    this.#remember(name, held);
    return held;
  }

  #remember(name: SharePartitionName, held: HeldState): void {
    const id = idOf(name);
    this.#known.delete(id);
    this.#known.set(id, held);
    for (const [oldest] of this.#known) {
      if (this.#known.size <= shareStatesCachedMax) break;
      this.#known.delete(oldest);
    }
  }
}

function idOf({ group, topicId, partition }: SharePartitionName): string {
  return `${group.groupId}:${topicId}:${partition}`;
}

export function keyOf({ group, topicId, partition }: SharePartitionName): ItemKey {
  return shareKey(group.namespace, group.group, topicId, partition);
}

function isOf(group: ShareGroup, item: Item): boolean {
  return item.attributes["groupId"] === group.groupId;
}

function heldOf({ version, attributes }: Item): HeldState {
  const { state, attempts, groupId } = attributes;
  return {
    state: decodeShareState(state instanceof Uint8Array ? state : new Uint8Array()),
    version,
    groupId: typeof groupId === "string" ? groupId : "",
    attempts: typeof attempts === "string" && attempts !== "" ? attempts.split(",") : [],
    fresh: true,
  };
}
