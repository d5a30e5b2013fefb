import { describe, expect, test } from "vitest";
import {
  decodeCommitted,
  decodeDecided,
  decodeStaged,
  encodeCommitted,
  encodeDecided,
  encodeStaged,
} from "../../../shared/groups/committed-offset.ts";
import { decodeGroup, encodeGroup } from "../../../shared/groups/encode-group.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { GroupModel, viewOf, wishOf } from "./group-model.ts";

function someGroup(): GroupModel {
  const matches = new Map([["a.*", ["a"]]]);
  const group = new GroupModel(viewOf({ a: 30, "b:;,": 2 }, matches));
  group.join(wishOf("one", { instanceId: "i", clientId: 'ü"', assignor: "range" }));
  group.join(wishOf("two", { topics: ["b:;,", "missing"], topicPattern: "a.*" }));
  group.beat("one");
  return group;
}

describe("the state of a group", () => {
  test("is the same when it is decoded, also in the middle of a change", () => {
    const { state } = someGroup();
    expect([...state.members.values()].some(({ revoking }) => revoking.size > 0)).toBe(true);
    expect(decodeGroup(encodeGroup(state))).toEqual(state);
  });

  test("takes few bytes: what many members have in common stands there once", () => {
    const group = new GroupModel(viewOf({ a: 24 }));
    for (let index = 0; index < 12; index += 1) group.join(wishOf(`${"x".repeat(20)}${index}`));
    group.settle();
    expect(encodeGroup(group.state).length).toBeLessThan(2_000);
  });

  test.each([
    ["", "is not JSON"],
    ["[]", "an object"],
    ['{"v":2}', "version"],
    [encodeGroup(someGroup().state).replace('"e":', '"q":'), "number"],
    [encodeGroup(someGroup().state).replaceAll(/"t":"0:[^"]*"/g, '"t":"0:5-1"'), "range"],
    [encodeGroup(someGroup().state).replaceAll(/"t":"0:[^"]*"/g, '"t":"9:1"'), "topic"],
  ])("is refused if it is damaged: %#", (text, why) => {
    expect(() => decodeGroup(text)).toThrow(StorageCorruptError);
    expect(() => decodeGroup(text)).toThrow(why);
  });

  test("with a partition that two members hold is refused", () => {
    const text = encodeGroup(someGroup().state)
      .replaceAll(/"h":"[^"]*"/g, '"h":"0:0"')
      .replaceAll(/"g":"[^"]*"/g, '"g":""');
    expect(() => decodeGroup(text)).toThrow("a partition is held twice");
  });
});

describe("offsets", () => {
  test("are the same when they are decoded, whatever their metadata is", () => {
    for (const metadata of ["", ",", "1,2,", "ü\n"]) {
      const value = { offset: Number.MAX_SAFE_INTEGER, committedAtMs: 5, metadata };
      expect(decodeCommitted(encodeCommitted(value))).toEqual(value);
    }
    const offsets = [{ topicId: "i", topic: "t", partition: 3, offset: 9, metadata: '"' }];
    expect(decodeStaged(encodeStaged({ producerEpoch: 4, offsets }))).toEqual({ producerEpoch: 4, offsets });
    expect(decodeDecided(encodeDecided(12, 99))).toEqual({ producerEpoch: 12, atMs: 99 });
    const epochs = [0, 9, 32_767, 99_999, 100_000, 999_999, 2_000_000_000];
    for (const producerEpoch of epochs) {
      expect(decodeDecided(encodeDecided(producerEpoch, 99))).toEqual({ producerEpoch, atMs: 99 });
    }
    const marks = epochs.map((producerEpoch) => encodeDecided(producerEpoch, 99));
    expect(marks.toSorted()).toEqual(marks);
  });

  test("are refused if they are damaged", () => {
    for (const damaged of ["", "x", "1", "-1,2,", 5])
      expect(() => decodeCommitted(damaged)).toThrow(StorageCorruptError);
    for (const damaged of ["", "{}", '{"e":1,"t":[],"o":[[0,1,2,""]]}']) {
      expect(() => decodeStaged(damaged)).toThrow(StorageCorruptError);
    }
    expect(() => decodeDecided("5,5")).toThrow(StorageCorruptError);
  });
});
