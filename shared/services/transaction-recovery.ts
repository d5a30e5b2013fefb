/**
 * Ends the transactions of processes that are gone: what was decided is made known, what is over its time is aborted. Any
 * number may work at the same time.
 *
 * Model: `models/transactions/Transactions.tla`.
 */
import { pageItemsMax } from "../limits.ts";
import {
  decidedAgeMsMax,
  transactionRetryMs,
  transactionsAtOnce,
  transactionsKnownMax,
  transactionSweepPagesMax,
} from "../limits/transactions.ts";
import { transactionsPartition } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-store.ts";
import { type Later, unheard } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";
import { dueAtMs, planExpiry } from "../transactions/plan-transaction.ts";
import { isDecided, type TransactionRecord } from "../transactions/transaction-record.ts";
import { isStorageFailure } from "./change-errors.ts";
import type { TransactionFinisher } from "./transaction-finisher.ts";
import { type TransactionItems, transactionOf } from "./transaction-items.ts";
import { isPassing } from "./transaction-steps.ts";
import type { TransactionalId } from "./transactions.ts";

export class TransactionRecovery {
  readonly #storage: Storage;
  readonly #items: TransactionItems;
  readonly #finisher: TransactionFinisher;
  /** When the last look that this process asked for is due, by the monotonic clock; asked for first, first. */
  readonly #asked = new Map<string, number>();
  /** By namespace, where the next sweep goes on. */
  readonly #sweptTo = new Map<string, string>();

  constructor(storage: Storage, items: TransactionItems, finisher: TransactionFinisher) {
    this.#storage = storage;
    this.#items = items;
    this.#finisher = finisher;
  }

  /** Asks for a look when the transaction that begins now is over its time, unless one comes before, which asks again. */
  async watch(id: TransactionalId, timeoutMs: number): Promise<void> {
    const name = `${id.namespace}/${id.transactionalId}`;
    const nowMs = this.#storage.clock.monotonicMs();
    if ((this.#asked.get(name) ?? -Infinity) > nowMs) return;
    try {
      // It may write nothing but offsets, for which no sweep is asked for.
      await Promise.all([this.#wake(id, timeoutMs), this.#storage.wakeUps.arm?.()]);
    } catch (cause) {
      // A lost wake-up costs delay: the sweep finds the transaction.
      if (isStorageFailure(cause)) return;
      throw cause;
    }
    this.#asked.delete(name);
    this.#asked.set(name, nowMs + timeoutMs);
    if (this.#asked.size <= transactionsKnownMax) return;
    const [oldest] = this.#asked.keys();
    if (oldest !== undefined) this.#asked.delete(oldest);
  }

  /**
   * Finishes what was decided, aborts what is over its time, else asks for a look when it will be; a little later where the
   * store fails.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError no other look could be asked for
   * @throws StorageCorruptError another look would be of no use
   */
  async recover(id: TransactionalId): Promise<void> {
    try {
      await this.#recover(id);
    } catch (cause) {
      if (!isPassing(cause)) throw cause;
      // Not thrown as well: a queue would deliver the same look again, and from then on there would always be two.
      await this.#wake(id, transactionRetryMs);
    }
  }

  /**
   * What lost wake-ups left. What fails hinders none of the others, and is thrown at the end; what a sweep does not reach,
   * the next one does.
   */
  async sweep(namespace: string, later: Later = unheard): Promise<void> {
    const failures: unknown[] = [];
    let after = this.#sweptTo.get(namespace);
    for (let page = 0; page < transactionSweepPagesMax; page += 1) {
      const found = await this.#storage.items.query(transactionsPartition(namespace), {
        limit: pageItemsMax,
        ...(after === undefined ? {} : { after }),
      });
      failures.push(...(await this.#lookAtAll(namespace, found.items, later)));
      after = found.next;
      if (after === undefined) break;
    }
    if (after === undefined) this.#sweptTo.delete(namespace);
    else {
      this.#sweptTo.set(namespace, after);
      later(this.#storage.clock.wallMs());
    }
    if (failures.length > 0) throw failures[0];
  }

  async #lookAtAll(namespace: string, items: readonly Item[], later: Later): Promise<unknown[]> {
    const failures: unknown[] = [];
    for (let start = 0; start < items.length; start += transactionsAtOnce) {
      const some = items.slice(start, start + transactionsAtOnce);
      const results = await Promise.allSettled(
        some.map(async (item) =>
          this.#lookAt({ namespace, transactionalId: item.key.sort }, transactionOf(item), later),
        ),
      );
      for (const result of results) if (result.status === "rejected") failures.push(result.reason);
    }
    return failures;
  }

  async #lookAt(id: TransactionalId, record: TransactionRecord, later: Later): Promise<void> {
    const nowMs = this.#storage.clock.wallMs();
    // Who has just decided it is likely about to finish it.
    const isDue = isDecided(record) ? record.decidedAtMs + decidedAgeMsMax <= nowMs : isOverdue(record, nowMs);
    if (isDecided(record)) later(record.decidedAtMs + decidedAgeMsMax);
    else if (record.state === "Ongoing") later(dueAtMs(record));
    if (isDue) await this.recover(id);
    else if (record.state === "Ongoing" && this.#storage.wakeUps.endWithProcess === true) {
      await this.#wake(id, dueAtMs(record) - nowMs);
    }
  }

  async #recover(id: TransactionalId): Promise<void> {
    const { clock } = this.#storage;
    // Asked first: nearly always there is nothing to do, and what this process remembers may be long over.
    const present = await this.#items.read(id);
    if (present === undefined) return;
    if (isDecided(present)) return await this.#finisher.finish(id, present);
    if (present.state !== "Ongoing") return;
    const nowMs = clock.wallMs();
    if (!isOverdue(present, nowMs)) return await this.#wake(id, dueAtMs(present) - nowMs);
    const changed = await this.#items.change(id, (record) => planExpiry(record, clock.wallMs()));
    if (changed.kind !== "written" && changed.kind !== "finish") return;
    if (isDecided(changed.record)) await this.#finisher.finish(id, changed.record);
  }

  async #wake({ namespace, transactionalId }: TransactionalId, delayMs: number): Promise<void> {
    const duty = { kind: "transaction", namespace, transactionalId } as const;
    await this.#storage.wakeUps.wake(duty, Math.max(0, delayMs));
  }
}

function isOverdue(record: TransactionRecord, nowMs: number): boolean {
  return record.state === "Ongoing" && dueAtMs(record) <= nowMs;
}
