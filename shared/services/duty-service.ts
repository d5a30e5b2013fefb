/**
 * Background duties. A wake-up names a partition; the sweep walks all topics, so it finds what a lost wake-up left, learns the
 * settings by which later wake-ups are done, and tells when it is to come again.
 */
import { ServiceError } from "../api/errors.ts";
import { compactDutyMsMax } from "../limits/compaction.ts";
import { segmentBytesTarget, sweepMsMax, sweepPartitionsMax, topicSettingsKeptMax } from "../limits.ts";
import { compress, decompress } from "../compression/compression.ts";
import { compactPartition } from "../partition/compact-partition.ts";
import { readPartitionStart } from "../partition/compaction-state.ts";
import { collectPartition } from "../partition/collect-partition.ts";
import { isCompactionDue } from "../partition/dirty-part.ts";
import type { PartitionName } from "../partition/recover-partition.ts";
import { keepLook, lookAtPartition } from "../partition/partition-look.ts";
import { retainPartition } from "../partition/retain-partition.ts";
import { findSealDueMs, sealDuty } from "../partition/seal-due.ts";
import { sealPartition } from "../partition/seal-partition.ts";
import type { CompactDuty } from "../storage/environment.ts";
import type { Storage } from "../storage/storage.ts";
import { type TopicSettings, topicSettings } from "../topics/topic-config.ts";
import { eraseDeletedTopics } from "./deleted-topics.ts";
import { NextSweep } from "./next-sweep.ts";
import { itemsOf } from "./pages.ts";
import type { DutyService, NamespaceService, TopicFinder, TopicMetadata, TopicService } from "./services.ts";

/** Where the sweep finds the topics and their settings. */
export interface SweepSources {
  readonly namespaces: Pick<NamespaceService, "list">;
  readonly topics: Pick<TopicService, "list">;
  readonly finder: Pick<TopicFinder, "find">;
}

/** Duties for partitions. */
export interface PartitionDuties extends Pick<DutyService, "seal" | "retain" | "collect" | "compact"> {
  /** Looks at every partition, and tells when that is needed next. */
  sweep(next?: NextSweep): Promise<void>;
}

export function dutyService(storage: Storage, sources: SweepSources): PartitionDuties {
  return new Duties(storage, sources);
}

/** Partitions that a sweep looks at at the same time. */
const partitionsAtOnce = 4;
/** Pages of each part of a collection that a sweep does itself; for more it asks for a duty. */
const sweepPagesMax = 2;
/** What a sweep does for deleted topics: partitions and pages. */
const garbageUnitsMax = 1_000;

/** A partition of the walk, with its topic's settings. */
interface Stop {
  readonly name: PartitionName;
  readonly settings: TopicSettings;
}

class Duties implements PartitionDuties {
  readonly #storage: Storage;
  readonly #sources: SweepSources;
  /** By topic id; least recently seen first. */
  readonly #settings = new Map<string, TopicSettings>();
  /** The walk that the last sweep did not end. */
  #walk: AsyncGenerator<Stop, void> | undefined;
  /** Of the present sweep. */
  #failures: unknown[] = [];

  constructor(storage: Storage, sources: SweepSources) {
    this.#storage = storage;
    this.#sources = sources;
  }

  async seal(topicId: string, partition: number, segmentBytes = segmentBytesTarget): Promise<void> {
    // With the defaults it is sealed ten minutes after its first record, if not sooner.
    const settings = this.#settings.get(topicId) ?? {
      ...topicSettings({}),
      segmentBytes: Math.min(segmentBytes, segmentBytesTarget),
    };
    const { segments } = await sealPartition(this.#storage, { topicId, partition }, settings);
    if (segments > 0) await this.#askToCompact({ topicId, partition }, settings);
  }

  async retain(topicId: string, partition: number): Promise<void> {
    // Nothing is given up by settings that nobody has chosen: the sweep knows them.
    const settings = this.#settings.get(topicId);
    if (settings !== undefined) await retainPartition(this.#storage, { topicId, partition }, settings);
  }

  async collect(topicId: string, partition: number): Promise<void> {
    const { more } = await collectPartition(this.#storage, { topicId, partition });
    if (more) await this.#storage.wakeUps.wake({ kind: "collect", topicId, partition }, 0);
  }

  async compact(duty: CompactDuty): Promise<void> {
    const { topicId, partition, askedAtMs, segmentBytes } = duty;
    const nowMs = this.#storage.clock.wallMs();
    if (nowMs - askedAtMs > compactDutyMsMax) return;
    const options = { compress, decompress, segmentBytes };
    const result = await compactPartition(this.#storage, { topicId, partition }, duty, options);
    if (result.kind === "too long") throw new Error(`${topicId}/${partition} has too much to be compacted in one run`);
    if (result.kind === "compacted" && result.more) {
      await this.#storage.wakeUps.wake({ ...duty, askedAtMs: this.#storage.clock.wallMs() }, 0);
    }
  }

  async #askToCompact(
    name: PartitionName,
    { compaction, segmentBytes }: TopicSettings,
    next = new NextSweep(this.#storage),
  ): Promise<void> {
    if (compaction === undefined) return;
    const start = await readPartitionStart(this.#storage, name);
    if (!(await isCompactionDue(this.#storage, name, start, compaction, next.later))) return;
    next.again();
    const askedAtMs = this.#storage.clock.wallMs();
    await this.#storage.wakeUps.wake({ kind: "compact", ...name, askedAtMs, segmentBytes, ...compaction }, 0);
  }

  /** Goes on where the last one stopped at its bounds. What fails is reported at the end, and hinders nothing else. */
  async sweep(next = new NextSweep(this.#storage)): Promise<void> {
    const endMs = this.#storage.clock.monotonicMs() + sweepMsMax;
    this.#failures = [];
    if (this.#walk === undefined) this.#forgetAges();
    let partitions = 0;
    while (partitions < sweepPartitionsMax && this.#storage.clock.monotonicMs() < endMs) {
      const stops = await this.#nextStops();
      const results = await Promise.allSettled(stops.map((stop) => this.#lookAt(stop, next)));
      for (const result of results) if (result.status === "rejected") this.#failures.push(result.reason);
      partitions += stops.length;
      if (stops.length < partitionsAtOnce) break;
    }
    // It goes on at once where it stopped.
    if (this.#walk !== undefined) next.cut();
    try {
      await eraseDeletedTopics(this.#storage, { units: garbageUnitsMax }, next.later);
    } catch (cause) {
      this.#failures.push(cause);
    }
    const [first] = this.#failures;
    if (first === undefined) return;
    throw new Error(`the sweep of ${partitions} partitions failed ${this.#failures.length} times`, { cause: first });
  }

  /** A whole walk tells of every partition that there is. */
  #forgetAges(): void {
    this.#storage.metrics?.forget("OldestUnsealedAge");
    this.#storage.metrics?.forget("SealingLag");
  }

  /** The next partitions of the walk; fewer than asked for at its end. */
  async #nextStops(): Promise<Stop[]> {
    const stops: Stop[] = [];
    this.#walk ??= this.#partitions();
    try {
      while (stops.length < partitionsAtOnce) {
        const next = await this.#walk.next();
        if (next.done === true) {
          this.#walk = undefined;
          break;
        }
        stops.push(next.value);
      }
    } catch (cause) {
      // A walk that failed is over; the next sweep begins a new one.
      this.#walk = undefined;
      this.#failures.push(cause);
    }
    return stops;
  }

  async *#partitions(): AsyncGenerator<Stop, void> {
    const { namespaces, topics } = this.#sources;
    for await (const namespace of itemsOf((page) => namespaces.list(page))) {
      for await (const { name } of itemsOf((page) => topics.list(namespace.name, page))) {
        const topic = await this.#find(namespace.name, name);
        if (topic === undefined) continue;
        const { topicId } = topic;
        const settings = topicSettings(topic.config);
        this.#remember(topicId, settings);
        for (let partition = 0; partition < topic.partitions; partition += 1) {
          yield { name: { topicId, partition }, settings };
        }
      }
    }
  }

  /** Undefined for a topic that was deleted meanwhile, and for one that cannot be read: the others are not to wait for it. */
  async #find(namespace: string, name: string): Promise<TopicMetadata | undefined> {
    try {
      return await this.#sources.finder.find(namespace, name);
    } catch (cause) {
      const isGone = cause instanceof ServiceError && cause.code === "UNKNOWN_TOPIC_OR_PARTITION";
      if (!isGone) this.#failures.push(cause);
      return undefined;
    }
  }

  #remember(topicId: string, settings: TopicSettings): void {
    this.#settings.delete(topicId);
    this.#settings.set(topicId, settings);
    if (this.#settings.size <= topicSettingsKeptMax) return;
    for (const oldest of this.#settings.keys()) {
      this.#settings.delete(oldest);
      return;
    }
  }

  async #lookAt({ name, settings }: Stop, sweep: NextSweep): Promise<void> {
    const { clock } = this.#storage;
    const { now, before } = await lookAtPartition(this.#storage, name, JSON.stringify(settings));
    if (before !== undefined && clock.wallMs() < before.dueAtMs) return sweep.later(before.sweepAtMs);
    const next = new NextSweep(this.#storage);
    const logStartOffset = await this.#lookAtAll({ name, settings }, now.sinceMs, next);
    await keepLook(this.#storage, name, { ...now, logStartOffset, dueAtMs: next.dueAtMs, sweepAtMs: next.atMs });
    sweep.later(next.atMs);
  }

  async #lookAtAll({ name, settings }: Stop, unchangedSinceMs: number, next: NextSweep): Promise<number> {
    const { wakeUps, clock } = this.#storage;
    const dueMs = await findSealDueMs(this.#storage, name, settings);
    if (dueMs !== undefined) next.unlessWoken(clock.wallMs() + Math.max(0, dueMs));
    // Sealing takes memory and time: whoever does such duties does it.
    if (dueMs !== undefined && dueMs <= 0) await wakeUps.wake(sealDuty(name, settings.segmentBytes), 0);
    await this.#askToCompact(name, settings, next);
    const logStartOffset = await retainPartition(this.#storage, name, settings, next.later);
    const { later } = next;
    const { more } = await collectPartition(this.#storage, name, { pagesMax: sweepPagesMax, unchangedSinceMs, later });
    if (more) {
      next.again();
      await wakeUps.wake({ kind: "collect", ...name }, 0);
    }
    return logStartOffset;
  }
}
