/**
 * Offsets as attributes of a group's item.
 *
 *     o:<topicId>/<partition>   <offset>,<commit time in ms>,<metadata>
 *     x:<producerId>            a transaction's offsets that are not decided yet: JSON
 *                               { e producer epoch, c when it was asked for (as `c:` of a group's item), t [[topicId, name], ...],
 *                               o [[place in t, partition, offset, metadata], ...] }
 *     d:<producerId>            <producer epoch>,<time in ms>: transactions up to this epoch are decided. The epoch has 5 digits,
 *                               or is w and 10 digits where its client keeps an older one
 */
import { groupPartitionsMax } from "../limits/groups.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { AttributeValue } from "../storage/item-store.ts";

export interface CommittedValue {
  readonly offset: number;
  readonly committedAtMs: number;
  readonly metadata: string;
}

export function encodeCommitted({ offset, committedAtMs, metadata }: CommittedValue): string {
  return `${offset},${committedAtMs},${metadata}`;
}

/** @throws StorageCorruptError */
export function decodeCommitted(stored: AttributeValue): CommittedValue {
  const found = typeof stored === "string" ? /^(\d{1,16}),(\d{1,16}),/.exec(stored) : null;
  const [offset, committedAtMs] = [Number(found?.[1]), Number(found?.[2])];
  if (found === null || typeof stored !== "string" || !isWhole(offset) || !isWhole(committedAtMs)) {
    throw corrupt("a committed offset");
  }
  return { offset, committedAtMs, metadata: stored.slice(found[0].length) };
}

export interface StagedOffset {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

export interface Staged {
  readonly producerEpoch: number;
  readonly offsets: readonly StagedOffset[];
  /** Of the latest of them, by `GroupCommits.now`; absent in what was staged before it was kept. */
  readonly askedAt?: number | undefined;
}

export function encodeStaged({ producerEpoch, offsets, askedAt }: Staged): string {
  const names = new Map(offsets.map(({ topicId, topic }) => [topicId, topic]));
  const places = new Map([...names.keys()].map((topicId, place) => [topicId, place]));
  return JSON.stringify({
    e: producerEpoch,
    c: askedAt,
    t: [...names],
    o: offsets.map(({ topicId, partition, offset, metadata }) => [places.get(topicId), partition, offset, metadata]),
  });
}

/** @throws StorageCorruptError */
export function decodeStaged(stored: AttributeValue): Staged {
  if (typeof stored !== "string") throw corrupt("what a transaction staged");
  const { e, t, o, c } = parse(stored);
  const isStaged = isWhole(e) && Array.isArray(t) && Array.isArray(o) && (c === undefined || isWhole(c));
  if (!isStaged || o.length > groupPartitionsMax) throw corrupt("what a transaction staged");
  const offsets = o.map((row: unknown): StagedOffset => {
    const [place, partition, offset, metadata] = listOf(row);
    const topic: unknown = typeof place === "number" ? t[place] : undefined;
    const [topicId, name] = listOf(topic);
    const isNamed = typeof topicId === "string" && typeof name === "string" && typeof metadata === "string";
    if (!isNamed || !isWhole(partition) || !isWhole(offset)) throw corrupt("a staged offset");
    return { topicId, topic: name, partition, offset, metadata };
  });
  return { producerEpoch: e, offsets, ...(c === undefined ? {} : { askedAt: c }) };
}

/** The later ones instead of the earlier ones, partition by partition. */
export function mergeStaged(earlier: Staged, later: Staged): Staged {
  const placeOf = ({ topicId, partition }: StagedOffset): string => `${topicId}/${partition}`;
  const offsets = new Map([...earlier.offsets, ...later.offsets].map((offset) => [placeOf(offset), offset]));
  return { ...later, offsets: [...offsets.values()] };
}

const shortEpochMax = 99_999;

/** Sorts as the epoch does, whatever the time. */
export function encodeDecided(producerEpoch: number, atMs: number): string {
  return `${decidedBefore(producerEpoch)},${atMs}`;
}

/** What is said of a transaction that is decided sorts before this only if its epoch is lower. */
export function decidedBefore(producerEpoch: number): string {
  return producerEpoch > shortEpochMax
    ? `w${String(producerEpoch).padStart(10, "0")}`
    : String(producerEpoch).padStart(5, "0");
}

/** @throws StorageCorruptError */
export function decodeDecided(stored: AttributeValue): { readonly producerEpoch: number; readonly atMs: number } {
  const found = typeof stored === "string" ? /^(\d{5}|w\d{10}),(\d{1,16})$/.exec(stored) : null;
  const [producerEpoch, atMs] = [Number(found?.[1]?.replace("w", "")), Number(found?.[2])];
  if (!isWhole(producerEpoch) || !isWhole(atMs)) throw corrupt("the mark of a decided transaction");
  return { producerEpoch, atMs };
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw corrupt("what a transaction staged", cause);
  }
  throw corrupt("what a transaction staged");
}

function corrupt(what: string, cause?: unknown): StorageCorruptError {
  return new StorageCorruptError(`${what} does not decode`, cause === undefined ? undefined : { cause });
}
