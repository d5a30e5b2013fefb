/**
 * What a reader knows of the compacted part of a partition: the latest run that it has seen, and its manifest. It reads there
 * instead of in the segment list. Both are immutable, so what it knows can be late but never wrong.
 */
import { manifestReadsMax } from "../limits/compaction.ts";
import { StorageUnavailableError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { type CompactedManifest, loadManifest, segmentAtOrAfter } from "./compacted-manifest.ts";
import { type CompactionState, compactionStateOf, readPartitionStart } from "./compaction-state.ts";
import { readSegment, type SegmentRead } from "./read-segment.ts";
import type { PartitionName } from "./recover-partition.ts";
import type { SegmentDescriptor } from "./segment-descriptor.ts";
import type { BatchLimits } from "./select-batches.ts";

/** Segments whose indexes are kept decoded. */
const segmentsKept = 8;

export class CompactedPrefix {
  readonly #storage: Storage;
  readonly #name: PartitionName;
  #state: CompactionState = compactionStateOf(undefined);
  #manifest: CompactedManifest | undefined;
  /** Latest first. */
  #segments: readonly SegmentDescriptor[] = [];

  constructor(storage: Storage, name: PartitionName) {
    this.#storage = storage;
    this.#name = name;
  }

  /** Below it this is to be read, and not the segment list. */
  get cleanedTo(): number {
    return this.#state.cleanedTo;
  }

  /** Takes note of what the partition's item says. Answers may overtake each other: the one with more runs counts. */
  note(state: CompactionState): void {
    if (state.runs <= this.#state.runs) return;
    this.#state = state;
    this.#manifest = undefined;
    this.#segments = [];
  }

  /**
   * Batches at or after the offset, which is below `cleanedTo`; none if nothing is left from there to `cleanedTo`, where
   * `nextOffset` is then. Undefined if it was compacted anew meanwhile. One request, and one more for a manifest that was
   * not seen before.
   *
   * @throws StorageCorruptError
   */
  async read(offset: number, limits: BatchLimits): Promise<SegmentRead | undefined> {
    const manifest = await this.#load();
    if (manifest === undefined) return undefined;
    const found = segmentAtOrAfter(manifest, offset);
    if (found === undefined) return { batches: [], nextOffset: manifest.cleanedTo };
    const known = this.#segments.find(({ baseOffset }) => baseOffset === found.baseOffset);
    const segment = known ?? found.descriptor();
    if (manifest === this.#manifest) {
      this.#segments = [segment, ...this.#segments.filter((one) => one !== segment)].slice(0, segmentsKept);
    }
    return await readSegment(this.#storage, this.#name, segment, offset, limits);
  }

  /**
   * The manifest; looks for the one that took its place if it is gone. No request if it is known.
   *
   * @throws StorageUnavailableError if it is gone again and again
   */
  async manifest(): Promise<CompactedManifest> {
    for (let reading = 0; reading < manifestReadsMax; reading += 1) {
      const manifest = await this.#load();
      if (manifest !== undefined) return manifest;
      this.note((await readPartitionStart(this.#storage, this.#name)).compaction);
    }
    throw new StorageUnavailableError(
      `${this.#name.topicId}/${this.#name.partition} is compacted faster than it is read`,
    );
  }

  async #load(): Promise<CompactedManifest | undefined> {
    const state = this.#state;
    const known = this.#manifest;
    if (known !== undefined) return known;
    const manifest = await loadManifest(this.#storage, this.#name, state);
    if (this.#state === state) this.#manifest = manifest;
    return manifest;
  }
}
