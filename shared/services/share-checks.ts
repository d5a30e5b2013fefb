/** What a caller of share groups may ask for. */
import { ServiceError } from "../api/errors.ts";
import {
  shareAcknowledgementsMax,
  shareAcquireRecordsMax,
  shareAcquireTopicsMax,
  shareDeliveriesDefault,
  shareDeliveriesMax,
  shareLockMsDefault,
  shareLockMsMax,
  shareLockMsMin,
  shareMemberIdCharsMax,
  shareRedriveRecordsMax,
} from "../limits/share-groups.ts";
import { findTopicNameProblem } from "../topics/topic-name.ts";
import type { Acknowledgement, AcquireRecords, ShareGroupConfig } from "./share-groups.ts";

export const shareConfigDefault: ShareGroupConfig = {
  lockMs: shareLockMsDefault,
  deliveriesMax: shareDeliveriesDefault,
  startAt: "latest",
  isolation: "read_uncommitted",
};

/**
 * The settings after a change; a dead-letter topic "" takes it away.
 *
 * @throws ServiceError INVALID_CONFIG
 */
export function changedShareConfig(config: ShareGroupConfig, change: Partial<ShareGroupConfig>): ShareGroupConfig {
  const { deadLetterTopic, ...rest } = { ...config, ...change };
  const { lockMs, deliveriesMax, startAt, isolation } = rest;
  checkWhole("lockMs", lockMs, shareLockMsMin, shareLockMsMax);
  checkWhole("deliveriesMax", deliveriesMax, 1, shareDeliveriesMax);
  if (startAt !== "earliest" && startAt !== "latest") throw invalidConfig("startAt is earliest or latest");
  if (isolation !== "read_uncommitted" && isolation !== "read_committed") {
    throw invalidConfig("isolation is read_uncommitted or read_committed");
  }
  const changed = { lockMs, deliveriesMax, startAt, isolation };
  if (deadLetterTopic === undefined || deadLetterTopic === "") return changed;
  const problem = findTopicNameProblem(deadLetterTopic);
  if (problem !== undefined) throw invalidConfig(`deadLetterTopic is not a topic's name: ${problem}`);
  return { ...changed, deadLetterTopic };
}

export function invalidConfig(message: string, cause?: unknown): ServiceError {
  return new ServiceError("INVALID_CONFIG", message, { cause });
}

/** @throws ServiceError INVALID_REQUEST */
export function checkAcquire({ topics, memberId, maxRecords, maxBytes, waitMs }: AcquireRecords): void {
  checkMemberId(memberId);
  if (topics.length < 1 || topics.length > shareAcquireTopicsMax) {
    throw invalidRequest(`An acquisition names 1 to ${shareAcquireTopicsMax} topics`);
  }
  if (!isWhole(maxRecords, 1, shareAcquireRecordsMax))
    throw invalidRequest(`maxRecords is from 1 to ${shareAcquireRecordsMax}`);
  if (!isWhole(maxBytes, 1) || !isWhole(waitMs, 0)) throw invalidRequest("maxBytes or waitMs is not a whole number");
}

/** @throws ServiceError INVALID_REQUEST */
export function checkAcknowledge(memberId: string, acknowledgements: readonly Acknowledgement[]): void {
  checkMemberId(memberId);
  if (acknowledgements.length < 1 || acknowledgements.length > shareAcknowledgementsMax) {
    throw invalidRequest(`A request acknowledges 1 to ${shareAcknowledgementsMax} ranges`);
  }
  for (const { firstOffset, lastOffset, partition, type } of acknowledgements) {
    if (!isWhole(firstOffset, 0) || !isWhole(lastOffset, firstOffset) || !isWhole(partition, 0)) {
      throw invalidRequest(`Not a range of offsets: ${firstOffset} to ${lastOffset} of partition ${partition}`);
    }
    if (!acknowledgeTypes.has(type)) throw invalidRequest(`There is no acknowledgement of the type ${type}`);
  }
}

const acknowledgeTypes: ReadonlySet<string> = new Set(["accept", "release", "reject", "renew"]);

/** @throws ServiceError INVALID_REQUEST */
export function checkRedrive(maxRecords: number): void {
  if (!isWhole(maxRecords, 1, shareRedriveRecordsMax))
    throw invalidRequest(`maxRecords is from 1 to ${shareRedriveRecordsMax}`);
}

export function invalidRequest(message: string): ServiceError {
  return new ServiceError("INVALID_REQUEST", message);
}

function checkMemberId(memberId: string): void {
  if (!isText(memberId, shareMemberIdCharsMax)) {
    throw invalidRequest(`A member's id has 1 to ${shareMemberIdCharsMax} characters`);
  }
}

function checkWhole(name: string, value: number, min: number, max: number): void {
  if (!isWhole(value, min, max)) throw invalidConfig(`${name} is a whole number from ${min} to ${max}`);
}

function isWhole(value: number, min: number, max = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

function isText(text: string, charsMax: number): boolean {
  return text.length >= 1 && text.length <= charsMax && text.isWellFormed() && !text.includes("\u0000");
}
