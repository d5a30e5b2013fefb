/**
 * The state of a share partition as its item holds it.
 *
 *     state     => version:u8 startOffset:varlong baseMs:varlong [memberId] [range] crc:u32
 *     memberId  => string
 *     range     => length:varlong standing:u8 rest
 *     rest      => available: deliveryCount:varint
 *                  acquired:  deliveryCount:varint member:varint untilMs:varlong (from baseMs)
 *                  rejected, exhausted: deliveryCount:varint untilMs:varlong (from baseMs)
 *                  done, gap: nothing
 *
 * With a checksum, because a wrong state would be believed: records would be delivered twice, or never.
 */
import {
  shareDeliveriesMax,
  shareInFlightRecordsMax,
  shareMemberIdCharsMax,
  shareRangesMax,
} from "../limits/share-groups.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { crc32c } from "../record/crc32c.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import {
  availableStanding,
  deadStanding,
  doneStanding,
  gapStanding,
  isSettled,
  lengthOf,
  type RecordStanding,
  type ShareRange,
  type ShareState,
  type Standing,
} from "./share-state.ts";

const version = 1;
const crcBytes = 4;
/** In the order of their codes. */
const standings: readonly RecordStanding[] = ["available", "acquired", "rejected", "exhausted", "done", "gap"];

/** @throws RangeError if the state breaks its rules, which is a bug of who made it */
export function encodeShareState(state: ShareState): Uint8Array {
  const problem = findProblem(state);
  if (problem !== undefined) throw new RangeError(`not the state of a share partition: ${problem}`);
  const { startOffset, ranges } = state;
  const members = [...new Set(ranges.flatMap(({ state: kind, memberId }) => (kind === "acquired" ? [memberId] : [])))];
  const indexes = new Map(members.map((memberId, index) => [memberId, index]));
  const untils = ranges.flatMap(({ lockUntilMs }) => (lockUntilMs === 0 ? [] : [lockUntilMs]));
  const baseMs = untils.reduce((least, untilMs) => Math.min(least, untilMs), untils[0] ?? 0);
  const out = new ByteWriter(256);
  out.u8(version);
  out.unsignedVarlongSafe(startOffset);
  out.unsignedVarlongSafe(baseMs);
  out.unsignedVarint(members.length);
  for (const memberId of members) out.prefixedString(memberId);
  out.unsignedVarint(ranges.length);
  for (const range of ranges) {
    out.unsignedVarlongSafe(lengthOf(range));
    out.u8(standings.indexOf(range.state));
    if (isSettled(range)) continue;
    out.unsignedVarint(range.deliveryCount);
    if (range.state === "available") continue;
    if (range.state === "acquired") out.unsignedVarint(indexes.get(range.memberId) ?? 0);
    // 0 stands for no time at all.
    out.unsignedVarlongSafe(range.lockUntilMs === 0 ? 0 : range.lockUntilMs - baseMs + 1);
  }
  out.u32(crc32c(out.finish()));
  return out.finish();
}

/** @throws MalformedBytesError if the checksum is wrong, or what stands there breaks the rules of a state */
export function decodeShareState(bytes: Uint8Array): ShareState {
  const from = new ByteReader(bytes, 0, Math.max(0, bytes.length - crcBytes));
  const crc = new ByteReader(bytes, from.end).u32();
  if (crc !== crc32c(bytes, 0, from.end)) throw new MalformedBytesError("the checksum of a share partition is wrong");
  if (from.u8() !== version) throw new MalformedBytesError("the version of a share partition is not known");
  const startOffset = from.unsignedVarlongSafe();
  const baseMs = from.unsignedVarlongSafe();
  const members = Array.from({ length: countFrom(from, shareInFlightRecordsMax) }, () => from.prefixedString());
  const count = countFrom(from, shareRangesMax);
  const ranges: ShareRange[] = [];
  let first = startOffset;
  for (let index = 0; index < count; index += 1) {
    const last = first + from.unsignedVarlongSafe() - 1;
    ranges.push({ ...standingFrom(from, members, baseMs), first, last });
    first = last + 1;
  }
  from.expectEnd();
  const state = { startOffset, endOffset: first, ranges };
  const problem = findProblem(state);
  if (problem !== undefined) throw new MalformedBytesError(`a share partition is damaged: ${problem}`);
  return state;
}

function countFrom(from: ByteReader, max: number): number {
  const count = from.unsignedVarint();
  if (count > max) throw new MalformedBytesError(`a share partition counts to ${count}`);
  return count;
}

function standingFrom(from: ByteReader, members: readonly string[], baseMs: number): Standing {
  const state = standings[from.u8()];
  const untilMs = (): number => {
    const sinceMs = from.unsignedVarlongSafe();
    return sinceMs === 0 ? 0 : baseMs + sinceMs - 1;
  };
  switch (state) {
    case "done":
      return doneStanding;
    case "gap":
      return gapStanding;
    case "available":
      return availableStanding(from.unsignedVarint());
    case "acquired": {
      const deliveryCount = from.unsignedVarint();
      const memberId = members[from.unsignedVarint()] ?? "";
      return { state, deliveryCount, memberId, lockUntilMs: untilMs() };
    }
    case "rejected":
    case "exhausted":
      return deadStanding(state, from.unsignedVarint(), untilMs());
    default:
      throw new MalformedBytesError("a share partition has a range of an unknown kind");
  }
}

function findProblem({ startOffset, endOffset, ranges }: ShareState): string | undefined {
  if (!isOffset(startOffset) || !isOffset(endOffset)) return `it is from ${startOffset} to ${endOffset}`;
  if (ranges.length > shareRangesMax) return `it has ${ranges.length} ranges`;
  const [begin] = ranges;
  if (begin !== undefined && isSettled(begin)) return "its start is dealt with";
  let next = startOffset;
  for (const range of ranges) {
    if (range.first !== next || range.last < range.first) return `a range is from ${range.first} to ${range.last}`;
    const problem = findRangeProblem(range);
    if (problem !== undefined) return problem;
    next = range.last + 1;
  }
  return next === endOffset ? undefined : `its ranges end at ${next}, not at ${endOffset}`;
}

function findRangeProblem(range: ShareRange): string | undefined {
  const { state, deliveryCount, memberId, lockUntilMs } = range;
  if (!isOffset(lockUntilMs)) return `a lock is until ${lockUntilMs}`;
  if (isSettled(range)) return undefined;
  if (!Number.isInteger(deliveryCount) || deliveryCount < 1 || deliveryCount > shareDeliveriesMax) {
    return `a record was delivered ${deliveryCount} times`;
  }
  if (state !== "acquired") return undefined;
  return memberId.length >= 1 && memberId.length <= shareMemberIdCharsMax ? undefined : "a holder has no name";
}

function isOffset(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
