/**
 * Appends to one log from one process: group commit, catching up, losing and trying again.
 *
 *     queue ─► turn ─► group ─► plan(state) ─► payload ─► put at the proven tail ─┬─ appended: apply, answer
 *                                ▲                                               ├─ lost: apply the winner
 *                                └───────── catch up, if need be ◄───── turn ◄───┘  unknown: say so, forget the state
 *
 * A request is answered from the plan whose entry was put, and a refusal that may be due to a state that is behind only
 * after catching up. One loop runs at a time; reads may catch up beside it, because an entry is applied only where it
 * continues the state.
 *
 * Model: `models/shared-log/SharedLog.tla`.
 */
import { turnLooksMax, turnWaitMsMax } from "../limits/contention.ts";
import { appendAttemptsMax, catchUpBytesMax, catchUpEntriesMax } from "../limits.ts";
import { StorageUnavailableError } from "../storage/errors.ts";
import { inlinePayloadBytesOf } from "../storage/inline-payload.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { AppendResult } from "./append-result.ts";
import { contiguousFrom } from "./chain.ts";
import { type Instant, instantOf, isFresh } from "./evidence.ts";
import type { Draft, DraftPayload, LogMachine, Plan } from "./log-machine.ts";
import { putEntry } from "./put-entry.ts";
import { failedResultOf, resultOf } from "./settle-answer.ts";
import { Turns } from "./turns.ts";
import type { Taken, Waiting } from "./waiting.ts";

/** Pages of a catch-up before the state is rebuilt from its last checkpoint instead, and times that it is begun again. */
const [catchUpPagesMax, recoveriesMax] = [8, 3];

export interface QueueBounds {
  readonly requestsMax: number;
  readonly bytesMax: number;
  /** When so many bytes wait behind a group that is being committed, their payload is begun to be stored meanwhile. */
  readonly aheadBytes: number;
}

interface Position<State> {
  readonly state: State;
  position: number;
  evidence: Instant;
}

export class LogWriter<State, Loaded, Request, Result, Refusal> {
  readonly #storage: Storage;
  readonly #machine: LogMachine<State, Loaded, Request, Result, Refusal>;
  readonly #bounds: QueueBounds;
  readonly #turns: Turns;
  #queue: Waiting<Request, Result, Refusal>[] = [];
  #queueBytes = 0;
  /** The group after the one that is being committed, if its payload is being stored already. */
  #ahead: Taken<State, Request, Result, Refusal> | undefined;
  #running = false;
  #latestAppendedMs = 0;
  #current: Position<State> | undefined;
  #recovering: Promise<Position<State>> | undefined;

  constructor(storage: Storage, machine: LogMachine<State, Loaded, Request, Result, Refusal>, bounds: QueueBounds) {
    this.#storage = storage;
    this.#machine = machine;
    this.#bounds = bounds;
    this.#turns = new Turns(storage.random.id());
  }

  /** True when nothing waits and nothing runs: the writer may be dropped. */
  get idle(): boolean {
    return !this.#running && this.#queue.length === 0 && this.#ahead === undefined;
  }

  /** The state as far as this process has seen the log, if it has. */
  get seen(): { readonly state: State; readonly position: number; readonly evidence: Instant } | undefined {
    return this.#current;
  }

  /** Never rejects for what a store does; the result says what is known. */
  append(request: Request): Promise<AppendResult<Result, Refusal>> {
    const bytes = this.#machine.requestBytes(request);
    const full = this.#queue.length >= this.#bounds.requestsMax || this.#queueBytes + bytes > this.#bounds.bytesMax;
    return new Promise((answer) => {
      const resolve = (result: AppendResult<Result, Refusal>): void => {
        this.#machine.answered?.(request, result);
        answer(result);
      };
      if (full && this.#queue.length > 0) return resolve({ kind: "failed", reason: "overloaded" });
      this.#queue.push({ request, bytes, resolve });
      this.#queueBytes += bytes;
      if (!this.#running) void this.#run();
      else if (this.#ahead === undefined && this.#queueBytes >= this.#bounds.aheadBytes) this.#takeAhead();
    });
  }

  /** Brings the state up to every entry whose append was answered before the call. One query when warm. */
  catchUp(): Promise<{ readonly state: State; readonly position: number }> {
    return this.#catchUp();
  }

  async #catchUp(): Promise<Position<State>> {
    if (this.#current !== undefined && !this.#mayFollow(this.#current)) this.#current = undefined;
    if (this.#current === undefined) {
      // A recovery that is under way may have read the log before this call: what it finds is only where to go on from.
      if (this.#recovering === undefined) return this.#recover();
      await this.#recover();
    }
    for (let page = 0; page < catchUpPagesMax && this.#current !== undefined; page += 1) {
      const current: Position<State> = this.#current;
      // Asked for each page: a process may have been frozen since the last one.
      if (!this.#mayFollow(current)) break;
      const seen = instantOf(this.#storage.clock);
      const from = current.position;
      const range = await this.#storage.logs.readFrom(this.#machine.logId, from, {
        entriesMax: catchUpEntriesMax,
        bytesMax: catchUpBytesMax,
      });
      const chain = contiguousFrom(range.entries, from);
      await this.#applyAll(current, chain, seen);
      if (!range.more && chain.length === range.entries.length) {
        this.#prove(current, chain.at(-1)?.next ?? from, seen);
        return current;
      }
    }
    // One that began before this call may have read too early; what comes after it may not.
    if (this.#recovering !== undefined) await this.#recovering;
    this.#current = undefined;
    return this.#recover();
  }

  /** Forgets the state; the next use rebuilds it. */
  forget(): void {
    this.#current = undefined;
  }

  /**
   * An empty read proves a known tail anew only while nothing that was appended since can have gone again; after that
   * the state is rebuilt, which looks at the sealed end as well (invariant 9).
   */
  #mayFollow({ evidence }: { readonly evidence: Instant }): boolean {
    return isFresh(evidence, instantOf(this.#storage.clock), this.#storage.lifetimes.graceMs / 2);
  }

  #recover(): Promise<Position<State>> {
    this.#recovering ??= this.#recoverAfresh().finally(() => {
      this.#recovering = undefined;
    });
    return this.#recovering;
  }

  async #recoverAfresh(): Promise<Position<State>> {
    for (let attempt = 0; attempt < recoveriesMax; attempt += 1) {
      const recovered = await this.#machine.recover();
      // A process that was frozen between two of the reads has put together what never was.
      if (!this.#mayFollow(recovered)) continue;
      const known = this.#current;
      // A writer beside us may have gone further meanwhile.
      if (known !== undefined && known.position > recovered.position) return known;
      this.#current = { ...recovered };
      return this.#current;
    }
    throw new StorageUnavailableError(`${this.#machine.logId} could not be read within its grace period`);
  }

  /** They were written at some times since the tail before them was proven. */
  async #applyAll(current: Position<State>, entries: readonly LogEntry[], seen: Instant): Promise<void> {
    const sinceMs = current.evidence.monotonicMs;
    const tookMs = seen.monotonicMs - sinceMs;
    this.#turns.measured(entries.length, tookMs);
    for (const [index, entry] of entries.entries()) {
      await this.#apply(current, entry, seen, sinceMs + (tookMs * (index + 0.5)) / entries.length);
    }
  }

  async #apply(current: Position<State>, entry: LogEntry, seen: Instant, wroteMs: number): Promise<void> {
    if (entry.position !== current.position) return;
    const loaded = await this.#machine.load(entry);
    if (entry.position !== current.position) return;
    this.#turns.saw(entry, wroteMs);
    this.#latestAppendedMs = Math.max(this.#latestAppendedMs, entry.appendedAtMs);
    this.#machine.apply(current.state, entry, loaded);
    current.position = entry.next;
    current.evidence = seen;
  }

  /** The entry is durable: whatever fails from here on costs the state, never the answer. */
  async #applyOwn(current: Position<State>, entry: LogEntry, seen: Instant): Promise<void> {
    try {
      await this.#apply(current, entry, seen, instantOf(this.#storage.clock).monotonicMs);
      this.#storage.notifier.notify(entry.logId, entry.next);
      await this.#machine.appended?.(current.state, entry);
    } catch {
      this.#current = undefined;
    }
  }

  #prove(current: Position<State>, position: number, seen: Instant): void {
    if (current.position === position && seen.monotonicMs >= current.evidence.monotonicMs) current.evidence = seen;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#queue.length > 0 || this.#ahead !== undefined) {
        let taken: Taken<State, Request, Result, Refusal> | undefined;
        try {
          // What comes meanwhile joins the group.
          await this.#awaitTurn();
          taken = this.#takeNext();
          await this.#commit(taken);
        } catch (cause) {
          // Reads and the storing of payloads: a put that is unclear is answered as such where it happens.
          this.#current = undefined;
          for (const one of (taken ?? this.#takeNext()).waiting) {
            one.resolve({ kind: "failed", reason: "unavailable", cause });
          }
        }
      }
    } finally {
      this.#running = false;
    }
  }

  #takeNext(): Taken<State, Request, Result, Refusal> {
    const taken = this.#ahead ?? this.#takeGroup();
    this.#ahead = undefined;
    return taken;
  }

  #takeAhead(): void {
    this.#ahead = this.#takeGroup();
    this.#ahead.group.prepare?.();
  }

  #takeGroup(): Taken<State, Request, Result, Refusal> {
    let bytes = 0;
    let count = 0;
    for (const one of this.#queue) {
      if (count > 0 && (count >= this.#machine.groupRequestsMax || bytes + one.bytes > this.#machine.groupBytesMax))
        break;
      bytes += one.bytes;
      count += 1;
    }
    this.#queueBytes -= bytes;
    const waiting = this.#queue.splice(0, count);
    return { waiting, group: this.#machine.group(waiting.map((one) => one.request)) };
  }

  async #commit({ waiting, group }: Taken<State, Request, Result, Refusal>): Promise<void> {
    let [behind, hasWaited] = [false, false];
    for (let attempt = 0; attempt < appendAttemptsMax; attempt += 1) {
      // What is too old to be followed is too old to refuse by.
      if (this.#current !== undefined && !this.#mayFollow(this.#current)) this.#current = undefined;
      const caughtUp = behind;
      const current = caughtUp ? await this.#catchUp() : (this.#current ?? (await this.#recover()));
      const at = instantOf(this.#storage.clock);
      const { position } = current;
      const plan = group.plan(current.state, position, at);
      // A put that wins proves that the state was complete, and with it every refusal; without a put, catch up first.
      if (plan.draft === undefined && !caughtUp && plan.answers.some((answer) => answer.kind === "doubtful")) {
        behind = true;
        continue;
      }
      const { draft } = plan;
      if (draft === undefined) return this.#answer(waiting, plan);
      const stored = await draft.payload();
      // Someone caught up while the payload was stored: the plan is out of date.
      behind = false;
      if (this.#current !== current || current.position !== position) continue;
      // Once: a large payload may take longer each time than others take to write.
      if (!hasWaited && this.#turns.hasLikelyMoved(at, instantOf(this.#storage.clock))) {
        hasWaited = true;
        await this.#awaitTurn();
        continue;
      }
      const outcome = await this.#put(current, draft, stored, at);
      switch (outcome.kind) {
        case "appended":
          return this.#answer(waiting, plan);
        case "unknown":
          return this.#answer(waiting, plan, { kind: "unknown", cause: outcome.cause });
        case "refused":
          return this.#answer(waiting, plan, { kind: "failed", reason: "unavailable", cause: outcome.cause });
        case "stale":
          behind = true;
          break;
        case "lost":
          behind = !(await this.#awaitTurn()) && outcome.behind;
      }
    }
    for (const one of waiting) one.resolve({ kind: "failed", reason: "contended" });
  }

  /** True if it has looked at the log meanwhile. */
  async #awaitTurn(): Promise<boolean> {
    const { clock, random, timers } = this.#storage;
    const begunMs = clock.monotonicMs();
    let looks = 0;
    for (; looks < turnLooksMax && this.#current !== undefined; looks += 1) {
      const now = instantOf(clock);
      const step = this.#turns.next(this.#current.evidence, looks > 0, random.uint32() / 0x1_0000_0000, now);
      if (step.kind === "put" || now.monotonicMs - begunMs > turnWaitMsMax) break;
      if (step.waitMs > 0) await timers.sleep(step.waitMs);
      await this.#catchUp();
    }
    return looks > 0;
  }

  async #put(
    current: Position<State>,
    draft: Draft,
    stored: DraftPayload,
    at: Instant,
  ): Promise<
    | { readonly kind: "appended" | "stale" }
    | { readonly kind: "lost"; readonly behind: boolean }
    | { readonly kind: "unknown" | "refused"; readonly cause: unknown }
  > {
    const entry: LogEntry = {
      logId: this.#machine.logId,
      position: current.position,
      next: draft.next,
      attempt: this.#turns.attempt(this.#storage.random.id()),
      appendedAtMs: at.wallMs,
      meta: draft.meta,
      payload: stored.payload,
      ...this.#expiry(at),
    };
    const { graceMs } = this.#storage.lifetimes;
    if (stored.storedAt !== undefined && !isFresh(stored.storedAt, instantOf(this.#storage.clock), graceMs / 4)) {
      return { kind: "refused", cause: new Error("the payload was stored too long ago to be referred to") };
    }
    const seen = instantOf(this.#storage.clock);
    const outcome = await putEntry(this.#storage, entry, current.evidence);
    switch (outcome.kind) {
      case "appended":
        this.#turns.won(seen, instantOf(this.#storage.clock));
        await this.#applyOwn(current, entry, seen);
        return outcome;
      case "stale":
        return { kind: "stale" };
      case "lost":
        this.#turns.lost(seen, instantOf(this.#storage.clock), outcome.existing);
        return { kind: "lost", behind: await this.#afterLoss(current, entry, outcome.existing, seen) };
      case "unknown":
        this.#current = undefined;
        return outcome;
      case "refused":
        return outcome;
    }
  }

  /**
   * A winner that is young is proof of the next tail by itself; for an old one, or none, the log is to be read. So it is
   * for a large payload, which is not to be sent in vain again.
   */
  async #afterLoss(
    current: Position<State>,
    entry: LogEntry,
    winner: LogEntry | undefined,
    seen: Instant,
  ): Promise<boolean> {
    const large = entry.payload.kind === "inline" && entry.payload.bytes.length > inlinePayloadBytesOf(this.#storage);
    const { evidence } = current;
    if (winner !== undefined) {
      await this.#apply(current, winner, seen, instantOf(this.#storage.clock).monotonicMs);
    }
    return large || winner === undefined || this.#turns.isLeftBehind(evidence, seen);
  }

  #expiry(at: Instant): { readonly expiresAtMs?: number } {
    const { dropsExpiredEntries, lifetimes } = this.#storage;
    if (!dropsExpiredEntries || this.#machine.keepsEntries) return {};
    // A wall clock that is far behind the others' must not let its entries expire before they are sealed.
    return { expiresAtMs: Math.max(at.wallMs, this.#latestAppendedMs) + lifetimes.hotEntryMs };
  }

  #answer(
    waiting: Waiting<Request, Result, Refusal>[],
    plan: Plan<Result, Refusal>,
    failure?: AppendResult<Result, Refusal>,
  ): void {
    const deferred: Waiting<Request, Result, Refusal>[] = [];
    waiting.forEach((one, index) => {
      const answer = plan.answers[index];
      if (answer === undefined) throw new Error(`the plan of ${this.#machine.logId} lacks an answer`);
      if (answer.kind === "deferred") deferred.push(one);
      else one.resolve(failure === undefined ? resultOf(answer) : failedResultOf(answer, failure));
    });
    if (deferred.length === 0) return;
    // They come before all that was asked for after them, were it taken already: its payload is left to the collector.
    const again = [...deferred, ...(this.#ahead?.waiting ?? [])];
    this.#ahead = undefined;
    this.#queue.unshift(...again);
    this.#queueBytes += again.reduce((sum, one) => sum + one.bytes, 0);
  }
}
