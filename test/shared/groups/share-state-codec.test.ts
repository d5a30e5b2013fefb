import { describe, expect, test } from "vitest";
import { decodeShareState, encodeShareState } from "../../../shared/groups/share-state-codec.ts";
import {
  availableStanding,
  deadStanding,
  doneStanding,
  extend,
  gapStanding,
  newShareState,
  type ShareState,
} from "../../../shared/groups/share-state.ts";
import { shareInFlightRecordsMax, shareMemberNamesBytesMax } from "../../../shared/limits/share-groups.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";

const nowMs = 1_750_000_000_000;
const held = (memberId: string, lockUntilMs = nowMs) =>
  ({ state: "acquired", deliveryCount: 2, memberId, lockUntilMs }) as const;

function stateOf(): ShareState {
  let state = newShareState(1_000_000);
  const standings = [held("a"), gapStanding, held("b", nowMs + 1), availableStanding(1), deadStanding("rejected", 1)];
  for (const standing of [...standings, deadStanding("exhausted", 5, nowMs + 9), doneStanding]) {
    state = extend(state, state.endOffset + 99, standing);
  }
  return state;
}

describe("the state of a share partition", () => {
  test("decodes to what was encoded, in a few bytes", () => {
    const state = stateOf();
    expect(state.ranges).toHaveLength(7);
    const bytes = encodeShareState(state);
    expect(bytes.length).toBeLessThan(60);
    expect(decodeShareState(bytes)).toEqual(state);
    expect(decodeShareState(encodeShareState(newShareState(7)))).toEqual(newShareState(7));
  });

  test("fits an item where every record in flight has a holder of its own", () => {
    let state = newShareState(0);
    const nameChars = shareMemberNamesBytesMax / shareInFlightRecordsMax;
    for (let index = 0; index < shareInFlightRecordsMax; index += 1) {
      const memberId = String(index).padEnd(nameChars, "x");
      state = extend(state, state.endOffset, held(memberId, nowMs + index));
      state = extend(state, state.endOffset, doneStanding);
    }
    const bytes = encodeShareState(state);
    expect(bytes.length).toBeLessThan(300_000);
    expect(decodeShareState(bytes)).toEqual(state);
  });

  test("is refused with any bit flipped, or cut short", () => {
    const bytes = encodeShareState(stateOf());
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      expect(() => decodeShareState(flipped)).toThrow(MalformedBytesError);
    }
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeShareState(bytes.slice(0, length))).toThrow(MalformedBytesError);
    }
  });

  test.each<[string, ShareState]>([
    ["a hole", { startOffset: 0, endOffset: 4, ranges: [{ ...held("a"), first: 0, last: 1 }] }],
    ["a start that is dealt with", { startOffset: 0, endOffset: 1, ranges: [{ ...doneStanding, first: 0, last: 0 }] }],
    ["a holder without a name", { startOffset: 0, endOffset: 1, ranges: [{ ...held(""), first: 0, last: 0 }] }],
    ["no delivery", { startOffset: 0, endOffset: 1, ranges: [{ ...availableStanding(0), first: 0, last: 0 }] }],
  ])("is not encoded with %s", (_, state) => {
    expect(() => encodeShareState(state)).toThrow(RangeError);
  });
});
