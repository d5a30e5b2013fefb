/**
 * Offsets that are committed with a transaction or not at all. They stand undecided in the group's item, under the
 * producer's id and with its epoch, until the transaction's end moves them to the committed ones or drops them:
 *
 *     stage ──► x:<producerId> ──► decide(commit) ──► o:…       d:<producerId> := the epoch
 *                              └─► decide(abort)  ──► gone      d:<producerId> := the epoch
 *
 * Each transaction of a producer has an epoch of its own. `d:` refuses what was staged for one that is decided and comes late.
 *
 * Model: `models/transactions/Transactions.tla`.
 */
import { checkGroupName } from "./group-name.ts";
import { ServiceError } from "../api/errors.ts";
import {
  decidedBefore,
  decodeDecided,
  decodeStaged,
  encodeDecided,
  encodeStaged,
  mergeStaged,
  type Staged,
} from "../groups/committed-offset.ts";
import { consumerKind, decidedName, isConsumerGroup, outdatedMarks, stagedName } from "../groups/group-item.ts";
import {
  groupChangeAttemptsMax,
  groupMarksTidyMax,
  groupPartitionsMax,
  groupTidyMax,
  groupUpdateAttributesMax,
  stagedKnownMax,
  stagingMsMax,
} from "../limits/groups.ts";
import { backoffMs } from "../log/put-entry.ts";
import { StorageTimeoutError } from "../storage/errors.ts";
import { conditionsHold } from "../storage/item-change.ts";
import { groupKey } from "../storage/item-keys.ts";
import type { AttributeValue, Condition, Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { isStorageFailure, withChangeErrors } from "./change-errors.ts";
import { checkCommit } from "./group-checks.ts";
import type { GroupCommits } from "./group-commits.ts";
import { type GroupItems, idOf } from "./group-items.ts";
import { tooContended } from "./group-settler.ts";
import type { OffsetResolver } from "./resolve-offsets.ts";
import type { GroupName, OffsetsOfTransaction, OffsetsToStage, TransactionalOffsets } from "./groups.ts";

export class StagedOffsets implements TransactionalOffsets {
  readonly #storage: Storage;
  readonly #items: GroupItems;
  readonly #commits: GroupCommits;
  readonly #resolver: OffsetResolver;
  /** What this process has staged, as it stands in the item; oldest first. */
  readonly #known = new Map<string, string>();

  constructor(storage: Storage, items: GroupItems, commits: GroupCommits, resolver: OffsetResolver) {
    this.#storage = storage;
    this.#items = items;
    this.#commits = commits;
    this.#resolver = resolver;
  }

  async stage(request: OffsetsToStage): Promise<void> {
    checkGroupName(request);
    checkCommit(request);
    const askedAtMs = request.askedAtMs ?? this.#storage.clock.wallMs();
    const askedAt = this.#commits.now(askedAtMs);
    await withChangeErrors(async () => {
      const resolved = await this.#resolver.resolve(request);
      // All of a transaction's offsets, or none.
      const offsets = resolved.map((offset) => {
        if (offset instanceof ServiceError) throw offset;
        return offset;
      });
      // Nobody would decide them any more.
      const lateMs = this.#storage.clock.wallMs() - askedAtMs;
      if (lateMs > stagingMsMax) throw new StorageTimeoutError(`asked for ${lateMs} ms ago`);
      await this.#stage(request, { producerEpoch: request.producerEpoch, offsets, askedAt });
    });
  }

  async decide(transaction: OffsetsOfTransaction, commit: boolean): Promise<void> {
    checkGroupName(transaction);
    await withChangeErrors(() => this.#decide(transaction, commit));
  }

  async #stage(request: OffsetsToStage, staged: Staged & { readonly askedAt: number }): Promise<void> {
    const { producerId, producerEpoch } = request;
    const id = transactionId(request);
    let known = this.#known.get(id);
    for (let attempt = 0; attempt < groupChangeAttemptsMax; attempt += 1) {
      const all = known === undefined ? staged : this.#add(decodeStaged(known), staged);
      checkCount(request, all);
      const text = encodeStaged(all);
      const set = { kind: consumerKind, [stagedName(producerId)]: text };
      // Once it is decided it cannot be refused any more.
      await this.#commits.checkRoom(request, { ...set, ...this.#commits.attributesOf(all.offsets) });
      const allowed = [...this.#commits.conditionsOf(request, request), isOpen(request)];
      const written = await this.#items.update(request, { set }, [...allowed, isStill(producerId, known)]);
      const existing = written.applied ? written.item : written.existing;
      const found = existing?.attributes[stagedName(producerId)];
      if (written.applied || (found === text && conditionsHold(existing, allowed))) {
        this.#remember(id, text);
        return;
      }
      checkMark(existing?.attributes[decidedName(producerId)], producerEpoch);
      if (!conditionsHold(existing, allowed)) await this.#commits.makeWay(request, request, existing);
      known = ownStaged(found, producerEpoch);
      await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    }
    throw tooContended(request);
  }

  /** @throws StorageTimeoutError others were asked for later: these are not to take their place */
  #add(earlier: Staged, staged: Staged & { readonly askedAt: number }): Staged {
    const { askedAt } = staged;
    return mergeStaged(earlier, { ...staged, askedAt: this.#commits.ticksAfter(earlier.askedAt ?? 0, askedAt) });
  }

  async #decide(transaction: OffsetsOfTransaction, commit: boolean): Promise<void> {
    const id = transactionId(transaction);
    let text = this.#known.get(id);
    if (text === undefined) {
      const found = await this.#storage.items.get(groupKey(transaction.namespace, transaction.group));
      if (isOutOfReach(found, transaction)) return;
      text = stagedText(found, transaction);
    }
    for (let attempt = 0; attempt < groupChangeAttemptsMax; attempt += 1) {
      let settled = await this.#settle(transaction, text, commit);
      this.#known.delete(id);
      while ("left" in settled) settled = await this.#settle(transaction, settled.left, commit);
      if ("decided" in settled) return await this.#tidy(transaction, settled.decided);
      const { existing } = settled;
      if (isOutOfReach(existing, transaction)) return;
      // Another process staged more for it, or moved some: what stands there now is decided.
      text = stagedText(existing, transaction);
      await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    }
    throw tooContended(transaction);
  }

  /**
   * One update, which decides all, or moves as many as it takes: what is moved must not come a second time, for by then the
   * group may have committed what follows.
   */
  async #settle(transaction: OffsetsOfTransaction, text: string | undefined, commit: boolean): Promise<Settled> {
    const { producerId, producerEpoch } = transaction;
    const staged = text === undefined || !commit ? undefined : decodeStaged(text);
    const rest = staged?.offsets.slice(offsetsOfUpdate) ?? [];
    const left = staged === undefined || rest.length === 0 ? undefined : encodeStaged({ ...staged, offsets: rest });
    const moved = this.#commits.attributesOf(staged?.offsets.slice(0, offsetsOfUpdate) ?? []);
    const end =
      left === undefined
        ? { [decidedName(producerId)]: encodeDecided(producerEpoch, this.#storage.clock.wallMs()) }
        : { [stagedName(producerId)]: left };
    const set = { kind: consumerKind, ...moved, ...end };
    const remove = text === undefined || left !== undefined ? [] : [stagedName(producerId)];
    const conditions = [isConsumerGroup, isStill(producerId, text), isOpen(transaction)];
    const written = await this.#items.update(transaction, { set, remove }, conditions);
    if (!written.applied) return { existing: written.existing };
    return left === undefined ? { decided: written.item } : { left };
  }

  /** Groups without members have no other change that could drop the marks of ever new producers. */
  async #tidy(name: GroupName, { attributes }: Item): Promise<void> {
    const marks = outdatedMarks(attributes, this.#storage.clock.wallMs());
    if (marks.length < groupTidyMax) return;
    const remove = marks.slice(0, groupMarksTidyMax);
    const conditions = remove.flatMap((mark): Condition[] => {
      const value = attributes[mark];
      return typeof value === "string" ? [{ kind: "attribute", name: mark, op: "=", value }] : [];
    });
    try {
      await this.#items.update(name, { remove }, [isConsumerGroup, ...conditions]);
    } catch (cause) {
      // The transaction is decided; who decides the next one tidies up.
      if (!isStorageFailure(cause)) throw cause;
    }
  }

  #remember(id: string, text: string): void {
    this.#known.delete(id);
    this.#known.set(id, text);
    for (const [oldest] of this.#known) {
      if (this.#known.size <= stagedKnownMax) return;
      this.#known.delete(oldest);
    }
  }
}

/** Each offset is an attribute, and may come with its topic's name as another. */
const offsetsOfUpdate = Math.floor(groupUpdateAttributesMax / 2);

/** What became of an update: nothing is left to decide, these are, or something else stands there. */
type Settled = { readonly decided: Item } | { readonly left: string } | { readonly existing: Item | undefined };

/** @throws ServiceError INVALID_COMMIT_OFFSET_SIZE */
function checkCount({ group }: GroupName, { offsets }: Staged): void {
  if (offsets.length <= groupPartitionsMax) return;
  throw new ServiceError(
    "INVALID_COMMIT_OFFSET_SIZE",
    `A group has offsets of at most ${groupPartitionsMax} partitions`,
    {
      details: { group },
    },
  );
}

/** The attribute is as it is thought to be, or is not there if nothing is thought to be. */
function isStill(producerId: bigint, text: string | undefined): Condition {
  // No text is empty: only a missing attribute passes.
  return { kind: "attribute", name: stagedName(producerId), op: "=", value: text ?? "", orAbsent: text === undefined };
}

/** Nobody has decided it. */
function isOpen({ producerId, producerEpoch }: OffsetsOfTransaction): Condition {
  return {
    kind: "attribute",
    name: decidedName(producerId),
    op: "<",
    value: decidedBefore(producerEpoch),
    orAbsent: true,
  };
}

/** True if nothing of the transaction is there to be decided, and nothing of it can come any more. */
function isOutOfReach(item: Item | undefined, { producerId, producerEpoch }: OffsetsOfTransaction): boolean {
  if (item === undefined) return false;
  const { kind, [stagedName(producerId)]: staged, [decidedName(producerId)]: mark } = item.attributes;
  if (kind !== consumerKind) return true;
  if (mark !== undefined && decodeDecided(mark).producerEpoch >= producerEpoch) return true;
  // What stands there is another transaction's, and keeps out what may still come of this one.
  return staged !== undefined && decodeStaged(staged).producerEpoch !== producerEpoch;
}

/** What is staged, once it is known to be this transaction's. */
function stagedText(item: Item | undefined, { producerId }: OffsetsOfTransaction): string | undefined {
  const found = item?.attributes[stagedName(producerId)];
  return typeof found === "string" ? found : undefined;
}

/** @throws ServiceError what is staged is another transaction's: PRODUCER_FENCED | CONCURRENT_TRANSACTIONS */
function ownStaged(found: AttributeValue | undefined, producerEpoch: number): string | undefined {
  if (typeof found !== "string") return undefined;
  const staged = decodeStaged(found);
  if (staged.producerEpoch === producerEpoch) return found;
  if (staged.producerEpoch > producerEpoch) throw fenced();
  throw new ServiceError("CONCURRENT_TRANSACTIONS", "An earlier transaction of the producer is not decided yet");
}

/** @throws ServiceError the transaction is over: INVALID_TXN_STATE | PRODUCER_FENCED */
function checkMark(mark: AttributeValue | undefined, producerEpoch: number): void {
  if (mark === undefined) return;
  const decided = decodeDecided(mark).producerEpoch;
  if (decided > producerEpoch) throw fenced();
  if (decided === producerEpoch) throw new ServiceError("INVALID_TXN_STATE", "The transaction is decided already");
}

function fenced(): ServiceError {
  return new ServiceError("PRODUCER_FENCED", "The producer has begun a later transaction");
}

function transactionId(transaction: OffsetsOfTransaction): string {
  return `${idOf(transaction)}/${transaction.producerId}/${transaction.producerEpoch}`;
}
