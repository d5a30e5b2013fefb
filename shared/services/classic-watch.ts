/**
 * Classic groups as one process sees them. Changes are made one after another, so that members of one process do not lose races
 * against each other; whoever waits is told of them at once, and of those of other processes by looks that all who wait share.
 */
import { ServiceError } from "../api/errors.ts";
import { advance, nextDueMs } from "../groups/advance-classic.ts";
import { classicMomentOf } from "../groups/classic-item.ts";
import type { ClassicMoment, ClassicState } from "../groups/classic-state.ts";
import { sessionSkewMs } from "../limits.ts";
import { numberOf } from "../groups/group-item.ts";
import { classicPollMsMax, classicPollMsMin, classicWaitMsMax } from "../limits/classic-groups.ts";
import { groupChangeAttemptsMax, groupsKnownMax } from "../limits/groups.ts";
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import { backoffMs } from "../log/put-entry.ts";
import type { Attributes, Condition } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { classicOf, type GroupAsRead, type GroupItems, idOf } from "./group-items.ts";
import { type GroupSettler, tooContended } from "./group-settler.ts";
import type { GroupName } from "./groups.ts";

/** What this process knows of a group. */
interface Seen {
  group: GroupAsRead;
  /** From before the request that told it. */
  at: Instant;
  look: { readonly since: Instant; readonly read: Promise<void> } | undefined;
  /** The changes that are made, one after another. */
  turn: Promise<unknown>;
  /** Called when the group has changed. */
  readonly waiters: Set<() => void>;
}

/** What is to become of a group, and what goes with it. */
export interface ClassicStep {
  readonly state: ClassicState;
  readonly lease?: Attributes;
  readonly bytesMax?: number;
}

/** Why a wait is over although nothing was told: nobody reads it. */
const told = new Error("the group has changed");

export class ClassicWatch {
  readonly #storage: Storage;
  readonly #items: GroupItems;
  readonly #settler: GroupSettler;
  /** Least recently used first. */
  readonly #seen = new Map<string, Seen>();
  /** Reads of groups that are not known yet. */
  readonly #firstReads = new Map<string, Promise<GroupAsRead>>();

  constructor(storage: Storage, items: GroupItems, settler: GroupSettler) {
    this.#storage = storage;
    this.#items = items;
    this.#settler = settler;
  }

  /** The group as it was seen within the time; a read at most, shared by all who ask for it. */
  async within(name: GroupName, ageMsMax: number): Promise<GroupAsRead> {
    return await this.#seenSince(name, this.#storage.clock.monotonicMs() - ageMsMax);
  }

  /** The group as it is, or was after this was asked. */
  async now(name: GroupName): Promise<GroupAsRead> {
    return await this.#seenSince(name, this.#storage.clock.monotonicMs());
  }

  async #seenSince(name: GroupName, monotonicMs: number): Promise<GroupAsRead> {
    const seen = await this.#known(name);
    if (seen.at.monotonicMs >= monotonicMs) return seen.group;
    if (seen.look === undefined || seen.look.since.monotonicMs < monotonicMs) {
      const since = instantOf(this.#storage.clock);
      const look = { since, read: this.#look(name, since) };
      seen.look = look;
      look.read.finally(() => seen.look === look && (seen.look = undefined)).catch(() => undefined);
    }
    await seen.look.read;
    return this.#of(name)?.group ?? seen.group;
  }

  async #look(name: GroupName, since: Instant): Promise<void> {
    this.#note(name, await this.#items.get(name), since);
  }

  /** What is known of the group; a read if that is nothing, shared by all who ask meanwhile. */
  async #known(name: GroupName): Promise<Seen> {
    const seen = this.#of(name);
    if (seen !== undefined) return seen;
    const id = idOf(name);
    const since = instantOf(this.#storage.clock);
    const read = this.#firstReads.get(id) ?? this.#items.get(name);
    this.#firstReads.set(id, read);
    try {
      const group = await read;
      return this.#of(name) ?? this.#note(name, group, since);
    } finally {
      this.#firstReads.delete(id);
    }
  }

  /**
   * Changes the group as `decide` says, once nobody else in this process does.
   *
   * @param decide is asked again when another process came first
   * @param began what it says without a change is by nothing older than this
   * @throws ServiceError INCONSISTENT_GROUP_PROTOCOL the group has members by KIP-848
   */
  async change<Decision extends Partial<ClassicStep>>(
    name: GroupName,
    decide: (state: ClassicState, moment: ClassicMoment) => Decision,
    began: Instant = instantOf(this.#storage.clock),
  ): Promise<{ readonly decision: Decision; readonly group: GroupAsRead }> {
    const seen = await this.#known(name);
    const turn = seen.turn.then(() => this.#change(name, decide, began));
    seen.turn = turn.catch(() => undefined);
    return await turn;
  }

  async #change<Decision extends Partial<ClassicStep>>(
    name: GroupName,
    decide: (state: ClassicState, moment: ClassicMoment) => Decision,
    began: Instant,
  ): Promise<{ readonly decision: Decision; readonly group: GroupAsRead }> {
    for (let attempt = 0; attempt < groupChangeAttemptsMax; attempt += 1) {
      const known = await this.#known(name);
      const group = await this.#asClassic(name, known.group);
      const before = classicOf(group);
      const moment = this.#momentOf(group.attributes);
      const decision = decide(advance(before, moment), moment);
      const { state = before, lease = {}, bytesMax } = decision;
      if (state === before) {
        if (known.at.monotonicMs >= began.monotonicMs) return { decision, group };
        await this.now(name);
        continue;
      }
      const at = instantOf(this.#storage.clock);
      const options = { lease, ...(bytesMax === undefined ? {} : { bytesMax }) };
      const change = await this.#items.changeClassic(name, group, state, moment, options);
      this.#note(name, change.group, at);
      if (change.applied) return { decision, group: change.group };
      await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    }
    throw tooContended(name);
  }

  /** The group moved on by the clock, if there is anything to move. */
  async advance(name: GroupName, group: GroupAsRead): Promise<{ readonly group: GroupAsRead }> {
    const { classic, attributes } = group;
    if (classic === undefined || advance(classic, this.#momentOf(attributes)) === classic) return { group };
    return await this.change(name, (state) => ({ state }));
  }

  /** An empty group may change its type; whoever is seen to be over in it is removed first. */
  async #asClassic(name: GroupName, group: GroupAsRead): Promise<GroupAsRead> {
    if (group.classic !== undefined || group.state.members.size === 0) return group;
    const at = instantOf(this.#storage.clock);
    const settled = await this.#settler.settle(name);
    this.#note(name, settled, at);
    if (settled.classic !== undefined || settled.state.members.size === 0) return settled;
    throw new ServiceError("INCONSISTENT_GROUP_PROTOCOL", `${name.group} has members by the consumer protocol`);
  }

  /** One update of what a member writes for itself. */
  async update(name: GroupName, set: Attributes, conditions: readonly Condition[]): Promise<boolean> {
    const at = instantOf(this.#storage.clock);
    const written = await this.#items.update(name, { set }, conditions);
    this.#note(name, this.#items.read(name, written.applied ? written.item : written.existing), at);
    return written.applied;
  }

  /**
   * Waits until the group answers, and moves it on by the clock meanwhile.
   *
   * @throws the signal's reason, and what `answerOf` throws
   */
  async until<Answer>(
    name: GroupName,
    answerOf: (state: ClassicState, group: GroupAsRead) => Answer | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const began = instantOf(this.#storage.clock);
    let pauseMs = classicPollMsMin;
    while (isFresh(began, instantOf(this.#storage.clock), classicWaitMsMax)) {
      const { group } = await this.#known(name);
      const answer = answerOf(classicOf(group), group);
      if (answer !== undefined) return answer;
      signal?.throwIfAborted();
      const moment = this.#momentOf(group.attributes);
      const dueMs = Math.max(1, nextDueMs(classicOf(group), moment) - moment.nowMs);
      if (await this.#isTold(name, Math.min(pauseMs, dueMs), signal)) continue;
      signal?.throwIfAborted();
      if (dueMs <= pauseMs) await this.change(name, (state) => ({ state }));
      else await this.within(name, pauseMs / 2);
      pauseMs = Math.min(classicPollMsMax, pauseMs * 2);
    }
    throw new ServiceError("REQUEST_TIMED_OUT", "The group's members do not come together");
  }

  /** True if the group has changed within the time; false when that is over, or the signal has come. */
  async #isTold(name: GroupName, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    const waiters = this.#of(name)?.waiters;
    if (waiters === undefined) return true;
    const ended = new AbortController();
    const wake = (): void => ended.abort(told);
    waiters.add(wake);
    const until = signal === undefined ? ended.signal : AbortSignal.any([ended.signal, signal]);
    try {
      await this.#storage.timers.sleep(ms, until);
      return false;
    } catch (cause) {
      if (cause === told) return true;
      if (until.aborted) return false;
      throw cause;
    } finally {
      waiters.delete(wake);
    }
  }

  #momentOf(attributes: Attributes): ClassicMoment {
    return classicMomentOf(attributes, this.#storage.clock.wallMs(), sessionSkewMs);
  }

  #of(name: GroupName): Seen | undefined {
    return this.#seen.get(idOf(name));
  }

  /** What was asked for before what is known already tells nothing new. */
  #note(name: GroupName, group: GroupAsRead, at: Instant): Seen {
    const id = idOf(name);
    const known = this.#seen.get(id);
    const seen: Seen = known ?? { group, at, look: undefined, turn: Promise.resolve(), waiters: new Set() };
    this.#seen.delete(id);
    this.#seen.set(id, seen);
    if (!isOlder(group, at, seen)) {
      const isChanged = seen.group.attributes["attempt"] !== group.attributes["attempt"];
      seen.group = group;
      if (at.monotonicMs > seen.at.monotonicMs) seen.at = at;
      if (isChanged) for (const wake of seen.waiters) wake();
    }
    for (const [oldest, { waiters }] of this.#seen) {
      if (this.#seen.size <= groupsKnownMax) break;
      // Somebody waits for it.
      if (waiters.size === 0) this.#seen.delete(oldest);
    }
    return seen;
  }
}

/** True if the group is as it was before what is known. One that was made anew counts its versions from 1 again. */
function isOlder({ item }: GroupAsRead, at: Instant, seen: Pick<Seen, "group" | "at">): boolean {
  const known = seen.group.item;
  if (known === undefined) return false;
  if (item === undefined) return at.monotonicMs < seen.at.monotonicMs;
  const touchedMs = numberOf(item.attributes["touchedAtMs"]);
  return item.version < known.version && touchedMs <= numberOf(known.attributes["touchedAtMs"]);
}
