/** Each record of a share partition by itself: the slow and plain form of what `shared/groups/share-*` keeps in ranges. */
import type { FetchedWindow, RangeAcknowledgement, ShareRules } from "../../../shared/groups/share-decisions.ts";
import type { ShareState } from "../../../shared/groups/share-state.ts";
import { shareDeadLetterClaimMs, shareSkewMs } from "../../../shared/limits/share-groups.ts";

interface ModelRecord {
  standing: "new" | "available" | "acquired" | "rejected" | "exhausted" | "done" | "gap";
  deliveryCount: number;
  memberId: string;
  untilMs: number;
}

export class ShareModel {
  readonly records: ModelRecord[];
  readonly #rules: ShareRules;
  /** How often each was given to a worker. */
  readonly deliveries: number[];
  readonly #holds: readonly boolean[];

  /** @param holds whether there is a record, for each offset */
  constructor(holds: readonly boolean[], rules: ShareRules) {
    this.#holds = holds;
    this.#rules = rules;
    this.records = holds.map(() => ({ standing: "new", deliveryCount: 0, memberId: "", untilMs: 0 }));
    this.deliveries = holds.map(() => 0);
  }

  settle(nowMs: number): void {
    for (const record of this.records) {
      if (record.standing === "acquired" && record.untilMs + shareSkewMs <= nowMs) this.#release(record);
    }
  }

  acquire(windows: readonly FetchedWindow[], memberId: string, untilMs: number, recordsMax: number): number[] {
    const taken: number[] = [];
    for (const { first, next } of windows) {
      const again = this.#offsets(first, next).filter((offset) => this.records[offset]?.standing === "available");
      const fresh = this.#offsets(first, next).filter((offset) => this.records[offset]?.standing === "new");
      for (const offset of [...again, ...fresh]) {
        if (taken.length === recordsMax) break;
        const record = this.#at(offset);
        if (this.#holds[offset] !== true) {
          record.standing = "gap";
          continue;
        }
        Object.assign(record, { standing: "acquired", memberId, untilMs, deliveryCount: record.deliveryCount + 1 });
        this.deliveries[offset] = (this.deliveries[offset] ?? 0) + 1;
        taken.push(offset);
      }
    }
    return taken;
  }

  acknowledge(memberId: string, { firstOffset, lastOffset, type }: RangeAcknowledgement, untilMs: number): boolean {
    const offsets = this.#offsets(firstOffset, lastOffset + 1);
    const isOwn = (offset: number): boolean => {
      const record = this.records[offset];
      return record?.standing === "acquired" && record.memberId === memberId;
    };
    const all = offsets.every((offset) => isOwn(offset) || this.records[offset]?.standing === "gap");
    if (offsets.length === 0 || !all || !isOwn(firstOffset) || !isOwn(lastOffset)) return false;
    for (const offset of offsets) {
      const record = this.#at(offset);
      if (record.standing === "gap") continue;
      if (type === "renew") record.untilMs = untilMs;
      else if (type === "release") this.#release(record);
      else if (type === "accept" || !this.#rules.keepsDead) record.standing = "done";
      else Object.assign(record, { standing: "rejected", untilMs: 0 });
    }
    return true;
  }

  claim(nowMs: number, recordsMax: number): number[] {
    const dead = this.records.flatMap(({ standing, untilMs }, offset) =>
      (standing === "rejected" || standing === "exhausted") && untilMs + shareSkewMs <= nowMs ? [offset] : [],
    );
    const claimed = dead.slice(0, recordsMax);
    for (const offset of claimed) this.#at(offset).untilMs = nowMs + shareDeadLetterClaimMs;
    return claimed;
  }

  finish(offsets: readonly number[]): void {
    for (const offset of offsets) this.#at(offset).standing = "done";
  }

  /** What the ranges must say of each offset below their end. */
  expectedOf({ startOffset, endOffset }: ShareState): string[] {
    return this.#offsets(startOffset, endOffset).map((offset) => {
      const { standing, deliveryCount, memberId, untilMs } = this.#at(offset);
      if (standing === "done" || standing === "gap") return "settled";
      if (standing === "available") return `available ${deliveryCount}`;
      return standing === "acquired"
        ? `acquired ${deliveryCount} ${memberId} ${untilMs}`
        : `${standing} ${deliveryCount} ${untilMs}`;
    });
  }

  #release(record: ModelRecord): void {
    const dead = record.deliveryCount >= this.#rules.deliveriesMax;
    const standing = !dead ? "available" : this.#rules.keepsDead ? "exhausted" : "done";
    Object.assign(record, { standing, memberId: "", untilMs: 0 });
  }

  #at(offset: number): ModelRecord {
    const record = this.records[offset];
    if (record === undefined) throw new Error(`the model has no offset ${offset}`);
    return record;
  }

  #offsets(first: number, next: number): number[] {
    const end = Math.min(next, this.records.length);
    return Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);
  }
}

/** The ranges, as the model says it of each offset. */
export function spelled({ ranges }: ShareState): string[] {
  return ranges.flatMap(({ first, last, state, deliveryCount, memberId, lockUntilMs }) => {
    const settled = state === "done" || state === "gap";
    const acquired = state === "acquired" ? ` ${memberId}` : "";
    const until = state === "available" ? "" : ` ${lockUntilMs}`;
    const text = settled ? "settled" : `${state} ${deliveryCount}${acquired}${until}`;
    return Array.from({ length: last - first + 1 }, () => text);
  });
}
