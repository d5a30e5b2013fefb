/**
 * The items of transactional ids: each change is decided on what this process saw last, and written if nobody else has
 * written meanwhile; else it is decided anew on what stands there. So a change costs one request where one process serves
 * an id, and is right wherever it is served.
 *
 * Each write leaves its attempt id, which is what the next one is conditional on: an item that expired and was made anew
 * is another one, whatever its version.
 *
 * Model: `models/transactions/Transactions.tla`.
 */
import { ServiceError } from "../api/errors.ts";
import {
  atomicResultKeptMs,
  transactionalIdKeptMs,
  transactionChangesMax,
  transactionsKnownMax,
  transactionTriesMax,
  undecidedKeptMs,
} from "../limits/transactions.ts";
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import { backoffMs } from "../log/put-entry.ts";
import { StorageCorruptError, StorageTimeoutError } from "../storage/errors.ts";
import { transactionKey } from "../storage/item-keys.ts";
import type { Condition, Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { TransactionPlan } from "../transactions/plan-transaction.ts";
import { changeToRecord, recordOf } from "../transactions/transaction-attributes.ts";
import type { TransactionRecord } from "../transactions/transaction-record.ts";
import { isAtomicId } from "./transaction-ids.ts";
import type { TransactionalId } from "./transactions.ts";

/** What was planned at last, on what stood there; a planned write has been made. */
export type ChangedTransaction =
  | { readonly kind: "written"; readonly record: TransactionRecord }
  | Exclude<TransactionPlan, { readonly kind: "write" }>;

/** What stands there, as seen at a time. */
interface Seen {
  readonly record?: TransactionRecord;
  readonly attempt?: string;
  readonly at: Instant;
}

interface Lost {
  readonly seen: Seen;
  readonly unclear?: StorageTimeoutError;
}

export class TransactionItems {
  readonly #storage: Storage;
  /** Least recently used first. */
  readonly #seen = new Map<string, Seen>();
  /** The last change of each id that this process makes. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** The open transaction as this process saw it last, within its time-out: it may have ended since. */
  knownOpen(id: TransactionalId): TransactionRecord | undefined {
    const seen = this.#seen.get(nameOf(id));
    if (seen?.record?.state !== "Ongoing") return undefined;
    return isFresh(seen.at, instantOf(this.#storage.clock), seen.record.timeoutMs) ? seen.record : undefined;
  }

  /**
   * What stands there now: one request.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError | StorageCorruptError
   */
  async read(id: TransactionalId): Promise<TransactionRecord | undefined> {
    return (await this.#read(id)).record;
  }

  /**
   * Plans and writes; a plan without a write is made on what stands there now.
   *
   * @param isNew true if there is no item, as far as anyone can tell
   * @throws ServiceError THROTTLING_QUOTA_EXCEEDED too many change it at the same time
   * @throws StorageTimeoutError nobody knows whether it is written
   * @throws StorageThrottledError | StorageUnavailableError | StorageCorruptError
   */
  change(
    id: TransactionalId,
    plan: (present: TransactionRecord | undefined) => TransactionPlan,
    { isNew = false }: { readonly isNew?: boolean } = {},
  ): Promise<ChangedTransaction> {
    return this.#inTurn(nameOf(id), () => this.#change(id, plan, isNew));
  }

  async #change(
    id: TransactionalId,
    plan: (present: TransactionRecord | undefined) => TransactionPlan,
    isNew: boolean,
  ): Promise<ChangedTransaction> {
    const { clock, timers } = this.#storage;
    const absent: Seen = { at: instantOf(clock) };
    const known = this.#seen.get(nameOf(id)) ?? (isNew ? absent : undefined);
    let isNow = known === undefined;
    let seen: Seen = known ?? (await this.#read(id));
    let unclear: StorageTimeoutError | undefined;
    for (let tries = 1; tries <= transactionChangesMax; tries += 1) {
      const planned = plan(seen.record);
      if (planned.kind !== "write") {
        // What it is refused for may be what came of the write that nobody answered.
        if (isNow && planned.kind === "refused" && unclear !== undefined) throw unclear;
        if (isNow) return planned;
        seen = await this.#read(id);
        isNow = true;
        continue;
      }
      const written = await this.#write(id, seen, planned.record);
      if (written === "written") return { kind: "written", record: planned.record };
      ({ seen } = written);
      unclear ??= written.unclear;
      isNow = true;
      await timers.sleep(backoffMs(this.#storage, tries));
    }
    if (unclear !== undefined) throw unclear;
    throw new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many callers change the transaction at the same time");
  }

  /** What stands there instead, and whether ours may have stood there before it. */
  async #write(id: TransactionalId, seen: Seen, record: TransactionRecord): Promise<"written" | Lost> {
    const { items, clock, random, timers } = this.#storage;
    const name = nameOf(id);
    const attempt = random.id();
    const { set, remove } = changeToRecord(record);
    const change = { set: { ...set, attempt }, remove, expiresAtMs: clock.wallMs() + keptMs(id, record) };
    const asSeen: Condition =
      seen.attempt === undefined
        ? { kind: "absent" }
        : { kind: "attribute", name: "attempt", op: "=", value: seen.attempt };
    const key = transactionKey(id.namespace, id.transactionalId);
    const at = instantOf(clock);
    this.#seen.delete(name);
    let unclear: StorageTimeoutError | undefined;
    for (let tries = 1; ; tries += 1) {
      try {
        const result = await items.update(key, change, [asSeen]);
        if (result.applied || result.existing?.attributes["attempt"] === attempt) {
          this.#remember(name, { record, attempt, at });
          return "written";
        }
        return { seen: this.#saw(name, result.existing, at), ...(unclear && { unclear }) };
      } catch (cause) {
        if (cause instanceof StorageTimeoutError) unclear = cause;
        // Sent again it is applied once: it is conditional on what it would change. A refusal says nothing of what was sent before.
        if (unclear === undefined) throw cause;
        if (tries === transactionTriesMax) throw unclear;
      }
      await timers.sleep(backoffMs(this.#storage, tries));
    }
  }

  async #read(id: TransactionalId): Promise<Seen> {
    const at = instantOf(this.#storage.clock);
    const item = await this.#storage.items.get(transactionKey(id.namespace, id.transactionalId));
    return this.#saw(nameOf(id), item, at);
  }

  #saw(name: string, item: Item | undefined, at: Instant): Seen {
    const seen = { ...seenOf(item), at };
    this.#remember(name, seen);
    return seen;
  }

  #remember(name: string, seen: Seen): void {
    this.#seen.delete(name);
    if (seen.record === undefined) return;
    this.#seen.set(name, seen);
    if (this.#seen.size <= transactionsKnownMax) return;
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }

  /** Changes of one id take turns in a process: they would only lose to each other. */
  async #inTurn<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(name);
    const turn = before === undefined ? run() : before.then(run, run);
    this.#turns.set(name, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
    }
  }
}

/** The record of an item that a query gave. @throws StorageCorruptError */
export function transactionOf(item: Item): TransactionRecord {
  return recordOf(item.attributes);
}

function seenOf(item: Item | undefined): Omit<Seen, "at"> {
  if (item === undefined) return {};
  const { attempt } = item.attributes;
  if (typeof attempt !== "string") throw new StorageCorruptError("a transaction has no attempt");
  return { record: recordOf(item.attributes), attempt };
}

function keptMs({ transactionalId }: TransactionalId, { state }: TransactionRecord): number {
  switch (state) {
    case "Ongoing":
    case "PrepareCommit":
    case "PrepareAbort":
      return undecidedKeptMs;
    case "Empty":
    case "CompleteCommit":
    case "CompleteAbort":
      return isAtomicId(transactionalId) ? atomicResultKeptMs : transactionalIdKeptMs;
  }
}

function nameOf({ namespace, transactionalId }: TransactionalId): string {
  return `${namespace}/${transactionalId}`;
}
