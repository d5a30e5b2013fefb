/** A consumer of a group as its protocol wants it: heartbeats between polls, commits before it gives something up. */
import type { Membership } from "../../../shared/services/groups.ts";
import {
  type GroupMember,
  type GroupMemberOptions,
  type PolledRecords,
  TargetError,
  type TopicPartition,
} from "../../../verify/target.ts";
import type { Cluster } from "./cluster.ts";
import { ClusterReader } from "./reader.ts";
import { namespace } from "./records.ts";
import { clientLost } from "./target-errors.ts";

export class ClusterMember implements GroupMember {
  readonly #cluster: Cluster;
  readonly #options: GroupMemberOptions;
  readonly #reader: ClusterReader;
  #membership: Membership;
  #owned: readonly TopicPartition[] = [];
  #assignments = 0;
  #beatsAtMs = 0;
  /** Owned, but not yet read from: where it begins is not known. */
  #isFresh = true;
  #isLost = false;

  private constructor(cluster: Cluster, options: GroupMemberOptions, membership: Membership) {
    this.#cluster = cluster;
    this.#options = options;
    this.#reader = new ClusterReader(cluster, options.isolation);
    this.#membership = membership;
    this.#take(membership);
  }

  static async open(cluster: Cluster, memberId: string, options: GroupMemberOptions): Promise<ClusterMember> {
    const { group, topics, sessionTimeoutMs } = options;
    const request = { namespace, group, memberId, topics, sessionTimeoutMs, rebalanceTimeoutMs: sessionTimeoutMs };
    return new ClusterMember(cluster, options, await cluster.insist(({ groups }) => groups.join(request)));
  }

  async poll(waitMs: number): Promise<{ readonly records: readonly PolledRecords[]; readonly assignments: number }> {
    if (this.#isLost) throw clientLost();
    if (this.#cluster.nowMs >= this.#beatsAtMs) await this.#beat();
    if (this.#isFresh) await this.#begin();
    const records = await this.#reader.poll(waitMs);
    return { records, assignments: this.#assignments };
  }

  async commit(): Promise<void> {
    if (this.#isLost) throw clientLost();
    const offsets = this.#owned.flatMap((place) => {
      const offset = this.#reader.position(place);
      return offset === undefined ? [] : [{ ...place, offset }];
    });
    if (offsets.length === 0) return;
    const { memberId, memberEpoch } = this.#membership;
    const request = { namespace, group: this.#options.group, memberId, memberEpoch, offsets };
    try {
      await this.#cluster.call(({ groups }) => groups.commit(request));
    } catch (error) {
      // They are another's now, who begins where the last commit was.
      if (!(error instanceof TargetError && error.reason === "STALE_MEMBER_EPOCH")) throw error;
    }
  }

  crash(): void {
    this.#isLost = true;
    this.#reader.crash();
  }

  async close(): Promise<void> {
    this.crash();
    const { memberId } = this.#membership;
    await this.#cluster.insist(({ groups }) => groups.leave({ namespace, group: this.#options.group, memberId }));
  }

  async #beat(): Promise<void> {
    const { memberId, memberEpoch, assignment: owned } = this.#membership;
    const request = { namespace, group: this.#options.group, memberId, memberEpoch, owned };
    const answer = await this.#cluster.insist(({ groups }) => groups.heartbeat(request));
    const kept = new Set(placesOf(answer).map(nameOf));
    const isGivingUp = this.#owned.some((place) => !kept.has(nameOf(place)));
    if (isGivingUp && !this.#isFresh) await this.commit().catch(() => undefined);
    this.#take(answer);
    this.#beatsAtMs = isGivingUp ? 0 : this.#cluster.nowMs + answer.heartbeatIntervalMs;
  }

  #take(membership: Membership): void {
    this.#membership = membership;
    const owned = placesOf(membership);
    if (owned.map(nameOf).join() === this.#owned.map(nameOf).join()) return;
    this.#owned = owned;
    this.#assignments += 1;
    this.#reader.assign([]);
    this.#isFresh = true;
  }

  /** All from what is committed: also of what it had before. */
  async #begin(): Promise<void> {
    const assignments = this.#assignments;
    const { group, topics } = this.#options;
    const committed = await this.#cluster.insist(({ groups }) => groups.offsets({ namespace, group, topics }));
    if (assignments !== this.#assignments) return;
    const offsetOf = ({ topic, partition }: TopicPartition): number =>
      committed.find((one) => one.topic === topic && one.partition === partition)?.offset ?? 0;
    this.#reader.assign(this.#owned.map((place) => ({ ...place, offset: Math.max(0, offsetOf(place)) })));
    this.#isFresh = false;
  }
}

function placesOf({ assignment }: Membership): readonly TopicPartition[] {
  return assignment.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}
