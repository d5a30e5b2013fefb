import { describe, expect, test } from "vitest";
import { nextDueMs } from "../../../shared/groups/advance-classic.ts";
import { heartbeatClassic } from "../../../shared/groups/decide-classic.ts";
import { classicInitialDelayMs } from "../../../shared/limits/classic-groups.ts";
import { bytes, ClassicModel, protocolsOf } from "./classic-model.ts";

describe("the first rebalance of a group", () => {
  test("waits for those who start at the same time, and no longer than a rebalance may take", () => {
    const group = new ClassicModel();
    expect(group.join({ rebalanceTimeoutMs: 3_500 })).toBe("waits");
    for (let come = 0; come < 10; come += 1) {
      group.pass(classicInitialDelayMs / 2);
      if (group.state.phase === "PreparingRebalance") group.join({ rebalanceTimeoutMs: 3_500 });
    }
    expect(group.state.phase).toBe("CompletingRebalance");
    expect(group.state.generation).toBe(1);
    expect(group.state.aliveAtMs).toBe(1_000_000 + 3_500);
  });

  test("is over after the delay where nobody else comes", () => {
    const group = new ClassicModel();
    group.join();
    expect(nextDueMs(group.state, group.moment)).toBe(group.nowMs + classicInitialDelayMs);
    group.pass(classicInitialDelayMs);
    expect(group.state).toMatchObject({ phase: "CompletingRebalance", generation: 1, leader: "m1" });
  });
});

describe("the protocol of a generation", () => {
  test("is what most members like best of what all know", () => {
    const group = new ClassicModel();
    const all = [
      ["sticky", "range"],
      ["range", "roundrobin", "sticky"],
      ["roundrobin", "sticky", "range"],
    ];
    group.settle(...all.map((names) => ({ protocols: protocolsOf(...names) })));
    expect(group.state.protocolName).toBe("sticky");
    group.join({ protocols: protocolsOf("range") });
    expect(group.join({ protocols: protocolsOf("unknown") })).toBe("INCONSISTENT_GROUP_PROTOCOL");
  });

  test("is of one kind, unless the group is empty", () => {
    const group = new ClassicModel();
    const [id = ""] = group.settle({});
    expect(group.join({ protocolType: "connect" })).toBe("INCONSISTENT_GROUP_PROTOCOL");
    expect(group.join({ protocols: [] })).toBe("INCONSISTENT_GROUP_PROTOCOL");
    group.leave(id);
    expect(group.state).toMatchObject({ phase: "Empty", generation: 2 });
    expect(group.join({ protocolType: "connect" })).toBe("waits");
    expect(group.state.protocolType).toBe("connect");
  });
});

describe("joining again", () => {
  test("without anything new changes nothing for a follower, and begins a rebalance for the leader", () => {
    const group = new ClassicModel();
    const [leader = "", follower = ""] = group.settle({}, {});
    const before = group.state;
    expect(group.join({ memberId: follower })).toBe("answered");
    expect(group.state).toBe(before);
    expect(group.join({ memberId: leader })).toBe("waits");
    expect(group.state.phase).toBe("PreparingRebalance");
  });

  test("with something new begins a rebalance, also while the generation has no assignment", () => {
    const group = new ClassicModel();
    const [, follower = ""] = group.settle({}, {});
    expect(group.join({ memberId: follower, protocols: [{ name: "range", metadata: bytes("other") }] })).toBe("waits");
    expect(group.state.phase).toBe("PreparingRebalance");
    const other = new ClassicModel();
    other.join({});
    other.pass(2_000);
    expect(other.join({ memberId: "m1" })).toBe("answered");
    expect(other.join({ memberId: "m1", protocols: protocolsOf("range", "sticky") })).toBe("waits");
  });

  test("is refused of who is unknown; of who has an id that is not used yet, it is joining", () => {
    const group = new ClassicModel();
    expect(group.join({ memberId: "stranger" })).toBe("UNKNOWN_MEMBER_ID");
    const id = group.join({ requiresMemberId: true });
    expect(group.state.phase).toBe("Empty");
    expect(group.join({ memberId: id })).toBe("waits");
    expect(group.state.pending.size).toBe(0);
  });

  test("is waited for, of who was given an id, until its session is over", () => {
    const group = new ClassicModel();
    const [first = ""] = group.settle({});
    const id = group.join({ requiresMemberId: true });
    group.join({ memberId: first });
    expect(group.state.phase).toBe("PreparingRebalance");
    group.pass(9_000);
    expect(group.state.phase).toBe("PreparingRebalance");
    group.pass(1_500);
    expect(group.state.phase).toBe("CompletingRebalance");
    expect(group.join({ memberId: id })).toBe("UNKNOWN_MEMBER_ID");
  });
});

describe("a rebalance", () => {
  test("goes on when all have joined again, and after its time without who has not", () => {
    const group = new ClassicModel();
    const [one = "", two = "", three = ""] = group.settle({}, {}, {});
    group.join({ memberId: one });
    group.join({ memberId: two });
    expect(group.state.phase).toBe("PreparingRebalance");
    group.pass(29_000, three);
    expect(group.state.members.size).toBe(3);
    group.pass(1_500, three);
    expect(group.state).toMatchObject({ phase: "CompletingRebalance", generation: 2, leader: one });
    expect([...group.state.members.keys()]).toEqual([one, two]);
  });

  test("keeps static members who have not joined, and another leads for one that led", () => {
    const group = new ClassicModel();
    const [one = "", two = ""] = group.settle({ instanceId: "i" }, {});
    group.join({ memberId: two, protocols: protocolsOf("range", "sticky") });
    group.pass(30_500, one);
    expect(group.state).toMatchObject({ phase: "CompletingRebalance", leader: two });
    expect([...group.state.members.keys()]).toEqual([one, two]);
  });

  test("begins anew without members who do not ask for their assignment in time", () => {
    const group = new ClassicModel();
    group.join();
    group.join();
    group.pass(3_000);
    group.sync("m1");
    expect(group.state.phase).toBe("Stable");
    group.pass(28_500, "m1", "m2");
    expect(group.state.members.size).toBe(2);
    group.pass(1_000, "m1", "m2");
    expect([...group.state.members.keys()]).toEqual(["m1"]);
    expect(group.state.phase).toBe("PreparingRebalance");
  });

  test("is told to members by their heartbeats, and to those who ask for an assignment", () => {
    const group = new ClassicModel();
    const [one = "", two = ""] = group.settle({}, {});
    const self = { memberId: two, generation: 1 };
    expect(heartbeatClassic(group.state, self)).toBeUndefined();
    group.join({ memberId: one });
    expect(heartbeatClassic(group.state, self)).toBe("REBALANCE_IN_PROGRESS");
    expect(heartbeatClassic(group.state, { ...self, generation: 0 })).toBe("ILLEGAL_GENERATION");
    expect(heartbeatClassic(group.state, { ...self, memberId: "x" })).toBe("UNKNOWN_MEMBER_ID");
    expect(heartbeatClassic(group.state, { ...self, instanceId: "x" })).toBe("UNKNOWN_MEMBER_ID");
    expect(group.sync(two)).toBe("REBALANCE_IN_PROGRESS");
    expect(group.sync(two, { generation: 0 })).toBe("ILLEGAL_GENERATION");
    group.join({ memberId: two });
    expect(group.sync(two, { protocolName: "sticky" })).toBe("INCONSISTENT_GROUP_PROTOCOL");
    expect(group.sync(two)).toBe("waits");
    expect(group.sync(one)).toBe("assigned");
  });
});

describe("leaving", () => {
  test("gives the lead to another, and is told to who is no member", () => {
    const group = new ClassicModel();
    const [one = "", two = ""] = group.settle({}, {});
    expect(group.leave(one, one, "x")).toEqual([undefined, "UNKNOWN_MEMBER_ID", "UNKNOWN_MEMBER_ID"]);
    expect(group.state).toMatchObject({ phase: "PreparingRebalance", leader: two });
    expect(group.leave(two)).toEqual([undefined]);
    expect(group.state).toMatchObject({ phase: "Empty", leader: "", generation: 2 });
  });

  test("of who was only given an id lets the others go on", () => {
    const group = new ClassicModel();
    const [one = ""] = group.settle({});
    const id = group.join({ requiresMemberId: true });
    group.join({ memberId: one });
    expect(group.leave(id)).toEqual([undefined]);
    expect(group.state.phase).toBe("CompletingRebalance");
  });
});

test("a static member's other assignor begins a rebalance", () => {
  const group = new ClassicModel();
  group.settle({ instanceId: "i", protocols: protocolsOf("range", "sticky") });
  expect(group.join({ instanceId: "i", protocols: protocolsOf("range", "other", "sticky") })).toBe("answered");
  expect(group.state.generation).toBe(1);
  expect(group.join({ instanceId: "i", protocols: protocolsOf("sticky", "range") })).toBe("waits");
  expect(group.state.protocolName).toBe("sticky");
  expect(group.state.members.size).toBe(1);
});
