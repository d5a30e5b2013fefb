/** What workers of a share group have seen, and whether the group kept its promises. */
import type { FetchedRecord } from "../../shared/services/services.ts";
import type { AcquiredRecord } from "../../shared/services/share-groups.ts";
import { headersOf } from "../shared/services/share-world.ts";

export interface ShareSimulationResult {
  /** In words; none if the group kept its promises. */
  readonly anomalies: readonly string[];
  readonly accepted: number;
  readonly dead: number;
  readonly deliveries: number;
}

type Place = Pick<AcquiredRecord, "partition" | "offset">;

interface Seen {
  /** Delivery counts in the order in which workers heard of them. */
  readonly counts: number[];
  holder: { readonly memberId: string; readonly untilMs: number } | undefined;
  applied: number;
  unknown: number;
}

export class ShareHistory {
  readonly anomalies: string[] = [];
  readonly #nowMs: () => number;
  readonly #deliveriesMax: number;
  readonly #seen = new Map<string, Seen>();

  constructor(nowMs: () => number, deliveriesMax: number) {
    this.#nowMs = nowMs;
    this.#deliveriesMax = deliveriesMax;
  }

  produced(partition: number, offset: number): void {
    this.#of({ partition, offset });
  }

  delivered(memberId: string, record: AcquiredRecord, lockMs: number): void {
    const seen = this.#of(record);
    const { holder } = seen;
    const nowMs = this.#nowMs();
    if (holder !== undefined && holder.untilMs > nowMs) {
      this.anomalies.push(`${idOf(record)} is held by ${holder.memberId} and ${memberId} at ${nowMs}`);
    }
    if (seen.counts.includes(record.deliveryCount) || record.deliveryCount > this.#deliveriesMax) {
      this.anomalies.push(`${idOf(record)} was delivered with ${seen.counts.join(",")} and ${record.deliveryCount}`);
    }
    if (seen.applied > 0) this.anomalies.push(`${idOf(record)} was delivered after it was accepted`);
    seen.counts.push(record.deliveryCount);
    seen.holder = { memberId, untilMs: nowMs + lockMs };
  }

  /** Sent: from now on it may be another's. */
  givenUp(memberId: string, record: Place): void {
    const seen = this.#of(record);
    if (seen.holder?.memberId === memberId) seen.holder = undefined;
  }

  renewed(memberId: string, record: Place, untilMs: number): void {
    const seen = this.#of(record);
    if (seen.holder?.memberId === memberId) seen.holder = { memberId, untilMs };
  }

  accepted(record: Place, outcome: "applied" | "refused" | "unknown"): void {
    const seen = this.#of(record);
    if (outcome === "applied") seen.applied += 1;
    if (outcome === "unknown") seen.unknown += 1;
    if (seen.applied > 1) this.anomalies.push(`${idOf(record)} was accepted twice`);
  }

  judge(letters: readonly FetchedRecord[]): ShareSimulationResult {
    const dead = new Map<string, number>();
    for (const letter of letters) {
      const headers = headersOf(letter);
      const id = `${headers["__dlq.errors.partition"]}@${headers["__dlq.errors.offset"]}`;
      if (dead.has(id)) this.anomalies.push(`${id} is in the dead-letter topic twice`);
      dead.set(id, Number(headers["__dlq.errors.delivery.count"]));
    }
    let deliveries = 0;
    let accepted = 0;
    for (const [id, seen] of this.#seen) {
      const count = dead.get(id);
      deliveries += seen.counts.length;
      if (seen.applied > 0) accepted += 1;
      if (seen.applied === 0 && seen.unknown === 0 && count === undefined) this.anomalies.push(`${id} was lost`);
      if (seen.applied > 0 && count !== undefined) this.anomalies.push(`${id} was accepted, and is a dead letter`);
      const highest = seen.counts.reduce((most, one) => Math.max(most, one), 0);
      if (count !== undefined && (count < highest || count < 1 || count > this.#deliveriesMax)) {
        this.anomalies.push(`${id} is a dead letter with the count ${count}, and was delivered with ${highest}`);
      }
    }
    return { anomalies: this.anomalies, accepted, dead: dead.size, deliveries };
  }

  #of(record: Place): Seen {
    const id = idOf(record);
    const seen = this.#seen.get(id) ?? { counts: [], holder: undefined, applied: 0, unknown: 0 };
    this.#seen.set(id, seen);
    return seen;
  }
}

function idOf({ partition, offset }: Place): string {
  return `${partition}@${offset}`;
}
