/** A background duty as the body of an SQS message: JSON, so that it can be read and sent by hand. */
import { itemSortCharsMax, namespaceNameCharsMax, partitionsPerTopicMax } from "../../limits.ts";
import type { CompactDuty, Duty } from "../environment.ts";
import { StorageCorruptError } from "../errors.ts";

export function encodeDuty(duty: Duty): string {
  return JSON.stringify(duty);
}

/** @throws StorageCorruptError if `body` is no duty */
export function decodeDuty(body: string): Duty {
  const fields = parse(body);
  const { kind, topicId, partition, segmentBytes, namespace, sessionId, transactionalId } = fields;
  switch (kind) {
    case "seal":
      if (!isTopicId(topicId) || !isPartition(partition)) break;
      if (segmentBytes === undefined) return { kind, topicId, partition };
      if (!isSegmentBytes(segmentBytes)) break;
      return { kind, topicId, partition, segmentBytes };
    case "retain":
    case "collect":
      if (!isTopicId(topicId) || !isPartition(partition)) break;
      return { kind, topicId, partition };
    case "compact": {
      const duty = compactDuty(fields);
      if (duty === undefined) break;
      return duty;
    }
    case "reap":
      if (!isNamespace(namespace) || typeof sessionId !== "string" || !/^[1-9]\d{0,18}$/.test(sessionId)) break;
      return { kind, namespace, sessionId };
    case "expire":
      if (!isNamespace(namespace)) break;
      return { kind, namespace };
    case "sweep":
    case "arm":
      return { kind };
    case "transaction":
      if (!isNamespace(namespace) || !isItemSort(transactionalId)) break;
      return { kind, namespace, transactionalId };
  }
  throw new StorageCorruptError(`not a duty: ${body.slice(0, 200)}`);
}

function compactDuty(fields: Readonly<Record<string, unknown>>): CompactDuty | undefined {
  const { topicId, partition, minCleanableDirtyRatio } = fields;
  const whole = (name: string): number => {
    const value = fields[name];
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : NaN;
  };
  const numbers = {
    askedAtMs: whole("askedAtMs"),
    segmentBytes: whole("segmentBytes"),
    minCompactionLagMs: whole("minCompactionLagMs"),
    maxCompactionLagMs: whole("maxCompactionLagMs"),
    deleteRetentionMs: whole("deleteRetentionMs"),
  };
  if (!isTopicId(topicId) || !isPartition(partition) || Object.values(numbers).some(Number.isNaN)) return undefined;
  if (typeof minCleanableDirtyRatio !== "number" || !(minCleanableDirtyRatio >= 0 && minCleanableDirtyRatio <= 1)) {
    return undefined;
  }
  return { kind: "compact", topicId, partition, ...numbers, minCleanableDirtyRatio };
}

function isSegmentBytes(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

/** Of the shape that ids of topics have: keys of items and blobs are made of it. */
function isTopicId(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(value);
}

function isPartition(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < partitionsPerTopicMax;
}

/** Of the shape that every namespace's name has. */
function isNamespace(value: unknown): value is string {
  return typeof value === "string" && value.length <= namespaceNameCharsMax && /^[a-z0-9-]+$/.test(value);
}

function isItemSort(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0 || value.length > itemSortCharsMax) return false;
  return value.isWellFormed() && !value.includes("\u0000");
}

function parse(body: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new StorageCorruptError(`not a duty: ${body.slice(0, 200)}`, { cause });
  }
  return typeof value === "object" && value !== null ? { ...value } : {};
}
