/**
 * Tells how far a group is behind, as MSK does: https://docs.aws.amazon.com/msk/latest/developerguide/consumer-lag.html
 *
 * Time lag is an estimate. While the group moves it is what is left, at the pace between two looks of this process; while
 * it does not, or at the first look, it is the time since its last commit.
 */
import { lagPaceMsMin, lagPartitionsKnownMax } from "../limits/metrics.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Clock } from "../storage/environment.ts";
import type { CommittedOffset, GroupName } from "./groups.ts";

/** What was seen of one partition of a group. */
interface Pace {
  readonly offset: number;
  readonly atMs: number;
  /** Offsets per ms; undefined: it stands still, or was looked at once. */
  readonly perMs: number | undefined;
}

export class LagMeter {
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  /** By group and partition; least recently looked at first. */
  readonly #paces = new Map<string, Pace>();

  constructor(clock: Clock, metrics: Metrics) {
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** @param offsets all that the group has, or has of some topics */
  tell({ namespace, group }: GroupName, offsets: readonly CommittedOffset[]): void {
    const byTopic = Map.groupBy(offsets, ({ topic }) => topic);
    for (const [topic, partitions] of byTopic) {
      const labels = { namespace, group, topic };
      let [sum, most, longest] = [0, 0, -1];
      for (const partition of partitions) {
        const seconds = this.#secondsBehind(`${namespace}/${group}\n${topic}/${partition.partition}`, partition);
        sum += partition.lag;
        most = Math.max(most, partition.lag);
        longest = Math.max(longest, seconds ?? -1);
        const ofPartition = { ...labels, partition: partition.partition };
        this.#metrics.gauge("OffsetLag", partition.lag, ofPartition);
        if (seconds !== undefined) this.#metrics.gauge("EstimatedTimeLag", seconds, ofPartition);
      }
      this.#metrics.gauge("SumOffsetLag", sum, labels);
      this.#metrics.gauge("MaxOffsetLag", most, labels);
      if (longest >= 0) this.#metrics.gauge("EstimatedMaxTimeLag", longest, labels);
    }
    this.#dropOldest();
  }

  /** Undefined where nothing was ever committed: there is no pace, and no time from which on it is late. */
  #secondsBehind(id: string, { offset, lag, committedAtMs }: CommittedOffset): number | undefined {
    const nowMs = this.#clock.wallMs();
    const pace = this.#paceOf(id, offset, this.#clock.monotonicMs());
    if (lag === 0) return 0;
    const ms = pace === undefined ? nowMs - (committedAtMs ?? nowMs) : lag / pace;
    if (committedAtMs === undefined) return undefined;
    return Math.max(0, Math.round(ms)) / 1_000;
  }

  #paceOf(id: string, offset: number, atMs: number): number | undefined {
    const before = this.#paces.get(id);
    const elapsedMs = before === undefined ? 0 : atMs - before.atMs;
    if (before !== undefined && elapsedMs < lagPaceMsMin) return before.perMs;
    const moved = before === undefined ? 0 : offset - before.offset;
    const perMs = moved > 0 ? moved / elapsedMs : undefined;
    this.#paces.delete(id);
    this.#paces.set(id, { offset, atMs, perMs });
    return perMs;
  }

  #dropOldest(): void {
    for (const [oldest] of this.#paces) {
      if (this.#paces.size <= lagPartitionsKnownMax) return;
      this.#paces.delete(oldest);
    }
  }
}
