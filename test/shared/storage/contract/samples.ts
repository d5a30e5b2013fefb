/** Values that the contract writes, and how it compares what comes back. */
import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { ItemKey } from "../../../../shared/storage/item-store.ts";
import type { LogEntry, LogId } from "../../../../shared/storage/log-store.ts";

/** A name that no other test uses; only characters that blob keys allow. */
export function freshName(): string {
  return randomBytes(9).toString("base64url");
}

export function freshLogId(suffix = ""): LogId {
  return `partition:${freshName()}${suffix}` as LogId;
}

export function itemKey(partition: string, sort = "item"): ItemKey {
  return { partition, sort };
}

/** Bytes that differ from place to place and from seed to seed, all 256 values among them. */
export function patternBytes(lengthBytes: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  let state = seed * 2654435761;
  for (let index = 0; index < lengthBytes; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** 2025-06-15; the contract never depends on the present, except that expiry lies far in the future. */
export const sampleWallMs = 1_750_000_000_123;
export const farFutureMs = 4_102_444_800_000;

export function sampleEntry(logId: LogId, position: number, change: Partial<LogEntry> = {}): LogEntry {
  return {
    logId,
    position,
    next: position + 1,
    attempt: freshName(),
    appendedAtMs: sampleWallMs,
    meta: patternBytes(5, position + 7),
    payload: { kind: "inline", bytes: patternBytes(20, position + 3) },
    ...change,
  };
}

/** Plain arrays only: `slice` of a Buffer shares memory where that of a Uint8Array copies. */
export function expectBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(actual).toBeDefined();
  if (actual === undefined) return;
  expect(Object.getPrototypeOf(actual), "a plain Uint8Array, not a Buffer").toBe(Uint8Array.prototype);
  expect(actual.byteLength).toBe(expected.byteLength);
  expect(Buffer.compare(actual, expected), "the same bytes").toBe(0);
}

export function expectEntry(actual: LogEntry | undefined, expected: LogEntry): void {
  expect(actual).toBeDefined();
  if (actual === undefined) return;
  const { meta, payload, ...rest } = actual;
  const { meta: expectedMeta, payload: expectedPayload, ...expectedRest } = expected;
  expect(rest).toEqual(expectedRest);
  expect("expiresAtMs" in actual, "absent, not undefined").toBe("expiresAtMs" in expected);
  expectBytes(meta, expectedMeta);
  expect(payload.kind).toBe(expectedPayload.kind);
  if (payload.kind === "inline" && expectedPayload.kind === "inline") expectBytes(payload.bytes, expectedPayload.bytes);
  else expect(payload).toEqual(expectedPayload);
}

export function positionsOf(entries: readonly LogEntry[]): number[] {
  return entries.map((entry) => entry.position);
}
