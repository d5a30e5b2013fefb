/** Looks at groups beside what is asked of them, so that their lag is known without anybody asking for it. */
import { lagLookMs, lagLookMsMax, lagLookPartitionsMax } from "../limits/metrics.ts";
import { groupsKnownMax } from "../limits/groups.ts";
import { isFresh, type Instant, instantOf } from "../log/evidence.ts";
import type { Storage } from "../storage/storage.ts";
import { type GroupItems, idOf } from "./group-items.ts";
import type { GroupName } from "./groups.ts";

/** Made once: nobody reads it. */
const over = new Error("the look is over");

export class LagLooks {
  readonly #storage: Storage;
  readonly #items: GroupItems;
  readonly #look: (name: GroupName) => Promise<unknown>;
  /** Least recently looked at first. */
  readonly #looked = new Map<string, Instant>();

  /** @param look reads a group's lag, and tells it */
  constructor(storage: Storage, items: GroupItems, look: (name: GroupName) => Promise<unknown>) {
    this.#storage = storage;
    this.#items = items;
    this.#look = look;
  }

  /** The group's lag was read now, for whatever reason. */
  note(name: GroupName): void {
    const id = idOf(name);
    this.#looked.delete(id);
    this.#looked.set(id, instantOf(this.#storage.clock));
    for (const [oldest] of this.#looked) {
      if (this.#looked.size <= groupsKnownMax) return;
      this.#looked.delete(oldest);
    }
  }

  /** Looks if this process has not for a minute, and counts: never rejects, and takes no longer than a member may wait. */
  async lookIfDue(name: GroupName): Promise<void> {
    const { metrics, clock, timers } = this.#storage;
    if (metrics === undefined) return;
    const looked = this.#looked.get(idOf(name));
    if (looked !== undefined && isFresh(looked, instantOf(clock), lagLookMs)) return;
    this.note(name);
    const partitions = this.#items.remembered(name)?.topics.reduce((sum, topic) => sum + topic.partitions, 0) ?? 0;
    // The sweep looks at a larger one.
    if (partitions > lagLookPartitionsMax) return;
    const ended = new AbortController();
    const timeout = timers.sleep(lagLookMsMax, ended.signal).catch(() => undefined);
    // What cannot be read now is read in a minute: the caller has asked for something else.
    const look = this.#look(name).catch(() => undefined);
    await Promise.race([look, timeout]);
    ended.abort(over);
  }
}
