import { expect, test } from "vitest";
import { emptyClassic } from "../../../shared/groups/classic-state.ts";
import { decodeConsumerAssignment, decodeConsumerSubscription } from "../../../shared/groups/consumer-protocol.ts";
import { decodeClassic, encodeClassic } from "../../../shared/groups/encode-classic.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { ClassicModel, protocolsOf } from "./classic-model.ts";

test("a group is the same again, in every phase, with equal metadata once", () => {
  expect(decodeClassic(encodeClassic(emptyClassic))).toEqual(emptyClassic);
  const group = new ClassicModel();
  const states = [group.state];
  group.join({ requiresMemberId: true });
  states.push(group.state);
  const protocols = protocolsOf("range", "sticky").map(({ name }) => ({
    name,
    metadata: new Uint8Array(1_000).fill(7),
  }));
  for (let index = 0; index < 20; index += 1) group.join({ protocols, instanceId: `i${index}` });
  states.push(group.state);
  group.pass(5_000);
  states.push(group.state);
  group.sync("m2");
  states.push(group.state);
  for (const state of states) expect(decodeClassic(encodeClassic(state))).toEqual(state);
  expect(new Set(states.map(({ phase }) => phase)).size).toBe(4);
  expect(encodeClassic(group.state).length).toBeLessThan(3_000);
});

test("what was damaged is refused", () => {
  const group = new ClassicModel();
  group.settle({}, {});
  const encoded = encodeClassic(group.state);
  for (let index = 0; index < encoded.length; index += 7) {
    const damaged = encoded.slice();
    damaged[index] = (damaged[index] ?? 0) ^ 1;
    expect(() => decodeClassic(damaged)).toThrow(MalformedBytesError);
  }
  expect(() => decodeClassic(encoded.subarray(0, 3))).toThrow(MalformedBytesError);
});

test("what consumers say to each other is read, and anything else is nothing", () => {
  const assignment = Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 1, 0x74, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0);
  expect(decodeConsumerAssignment(assignment)).toEqual([{ topic: "t", partitions: [3, 5] }]);
  const subscription = Uint8Array.of(0, 3, 0, 0, 0, 2, 0, 1, 0x74, 0, 1, 0x75, 0xff, 0xff, 0xff, 0xff);
  expect(decodeConsumerSubscription(subscription)).toEqual(["t", "u"]);
  expect(decodeConsumerSubscription(new Uint8Array(0))).toEqual([]);
  expect(decodeConsumerAssignment(new Uint8Array(0))).toEqual([]);
  expect(decodeConsumerAssignment(new TextEncoder().encode("something else"))).toEqual([]);
  expect(decodeConsumerSubscription(Uint8Array.of(0, 0, 0x7f, 0xff, 0xff, 0xff))).toEqual([]);
});
