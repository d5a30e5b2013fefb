import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assignRanges } from "../../../shared/groups/assign-range.ts";
import {
  type AssignableTopic,
  assignUniformly,
  type Assignment,
  type Subscriber,
} from "../../../shared/groups/assign-uniform.ts";
import { partitionKeyOf, partsOf } from "../../../shared/groups/group-state.ts";

function subscriber(memberId: string, topicIds: readonly string[], had: Iterable<string> = []): Subscriber {
  return { memberId, topicIds: new Set(topicIds), had: new Set(had) };
}

function allOf({ topicId, partitions }: AssignableTopic): string[] {
  return Array.from({ length: partitions }, (_, partition) => partitionKeyOf(topicId, partition));
}

/** Members that go on with what they were assigned. */
function after(members: readonly Subscriber[], assignment: Assignment): Subscriber[] {
  return members.map((member) => ({ ...member, had: assignment.get(member.memberId) ?? new Set() }));
}

function sizesOf(assignment: Assignment): number[] {
  return [...assignment.values()].map(({ size }) => size).toSorted((one, other) => one - other);
}

function movesBetween(before: Assignment, later: Assignment): number {
  const owner = new Map([...before].flatMap(([memberId, keys]) => [...keys].map((key) => [key, memberId] as const)));
  return [...later].flatMap(([memberId, keys]) => [...keys].filter((key) => owner.get(key) !== memberId)).length;
}

/** Each partition of a topic that anyone is subscribed to has one owner, who is subscribed to it. */
function expectWhole(members: readonly Subscriber[], topics: readonly AssignableTopic[], assignment: Assignment): void {
  const assigned = [...assignment.values()].flatMap((keys) => [...keys]);
  const wanted = topics.filter(({ topicId }) => members.some(({ topicIds }) => topicIds.has(topicId))).flatMap(allOf);
  expect(assigned.toSorted()).toEqual(wanted.toSorted());
  for (const { memberId, topicIds } of members) {
    for (const key of assignment.get(memberId) ?? []) expect(topicIds).toContain(partsOf(key).topicId);
  }
}

const topicsArbitrary = fc
  .array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 })
  .map((counts) => counts.map((partitions, index): AssignableTopic => ({ topicId: `t${index}`, partitions })));

const membersArbitrary = fc
  .array(fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1 }), { minLength: 1, maxLength: 8 })
  .map((subscriptions) =>
    subscriptions.map((ids, index) =>
      subscriber(
        `m${index}`,
        ids.map((id) => `t${id}`),
      ),
    ),
  );

describe.each([
  ["uniform", assignUniformly],
  ["range", assignRanges],
])("the %s assignor", (_, assign) => {
  test("gives each partition to one of its topic's subscribers, whatever they had", () => {
    fc.assert(
      fc.property(
        membersArbitrary,
        topicsArbitrary,
        fc.array(fc.nat(7), { maxLength: 60 }),
        (members, topics, past) => {
          const keys = topics.flatMap(allOf);
          // What was had before may be doubled, gone, or nobody's to have any more.
          const had = members.map((member, index) => ({
            ...member,
            had: new Set(keys.filter((__, place) => past[place] === index || past[place] === 7)),
          }));
          expectWhole(had, topics, assign(had, topics));
        },
      ),
      { numRuns: 200 },
    );
  });

  test("gives the same whatever the order of the members", () => {
    fc.assert(
      fc.property(membersArbitrary, topicsArbitrary, (members, topics) => {
        // Maps and sets are compared without regard to order.
        expect(assign(members.toReversed(), topics)).toEqual(assign(members, topics));
      }),
      { numRuns: 50 },
    );
  });

  test("gives nobody anything where nobody is, or nothing is", () => {
    expect(assign([], [{ topicId: "t0", partitions: 3 }])).toEqual(new Map());
    expect(assign([subscriber("a", ["t0"])], [])).toEqual(new Map([["a", new Set()]]));
  });
});

describe("the uniform assignor", () => {
  const topics = [
    { topicId: "t0", partitions: 13 },
    { topicId: "t1", partitions: 11 },
  ];
  const crowd = (count: number): Subscriber[] =>
    Array.from({ length: count }, (_, index) => subscriber(`m${index}`, ["t0", "t1"]));

  test.each([1, 2, 5, 7, 24, 30])("balances 24 partitions among %i members within one", (count) => {
    const sizes = sizesOf(assignUniformly(crowd(count), topics));
    expect((sizes.at(-1) ?? 0) - (sizes[0] ?? 0)).toBeLessThanOrEqual(1);
  });

  test("moves no more than a new member's share", () => {
    const four = crowd(4);
    const before = assignUniformly(four, topics);
    const five = [...after(four, before), subscriber("new", ["t0", "t1"])];
    const later = assignUniformly(five, topics);
    expect(later.get("new")?.size).toBe(4);
    expect(movesBetween(before, later)).toBe(4);
  });

  test("moves only what a member had that has gone", () => {
    const five = crowd(5);
    const before = assignUniformly(five, topics);
    const four = after(five, before).slice(1);
    const later = assignUniformly(four, topics);
    expect(movesBetween(before, later)).toBe(before.get("m0")?.size);
    expect(sizesOf(later)).toEqual([6, 6, 6, 6]);
  });

  test("moves nothing when it is asked again", () => {
    fc.assert(
      fc.property(membersArbitrary, topicsArbitrary, (members, some) => {
        const before = assignUniformly(members, some);
        expect(movesBetween(before, assignUniformly(after(members, before), some))).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test("is as even as differing subscriptions allow: no partition could go from one to another who has two less", () => {
    fc.assert(
      fc.property(membersArbitrary, topicsArbitrary, (members, some) => {
        const assignment = assignUniformly(members, some);
        for (const { memberId } of members) {
          const own = assignment.get(memberId) ?? new Set<string>();
          for (const other of members) {
            const size = assignment.get(other.memberId)?.size ?? 0;
            const takes = [...own].some((key) => other.topicIds.has(partsOf(key).topicId));
            if (takes) expect(own.size - size).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test("moves along more than one member where no single move helps", () => {
    // a has two of t0 more than c, whom only b can relieve it by: b takes of t0 and gives of t1.
    const members = [
      subscriber("a", ["t0"], ["t0/0", "t0/1", "t0/2"]),
      subscriber("b", ["t0", "t1"], ["t1/0", "t1/1"]),
      subscriber("c", ["t1"], []),
    ];
    const assignment = assignUniformly(members, [
      { topicId: "t0", partitions: 3 },
      { topicId: "t1", partitions: 2 },
    ]);
    expect(sizesOf(assignment)).toEqual([1, 2, 2]);
    const chain = [
      subscriber("a", ["t0"], ["t0/0", "t0/1", "t0/2", "t0/3"]),
      subscriber("b", ["t0", "t1"], ["t1/0", "t1/1", "t1/2"]),
      subscriber("c", ["t1", "t2"], ["t2/0", "t2/1"]),
      subscriber("d", ["t2"], []),
    ];
    const partitions = { t0: 4, t1: 3, t2: 2 };
    const some = Object.entries(partitions).map(([topicId, count]) => ({ topicId, partitions: count }));
    expect(sizesOf(assignUniformly(chain, some))).toEqual([2, 2, 2, 3]);
  });

  test("keeps up with the largest group", () => {
    const members = Array.from({ length: 500 }, (_, index) => subscriber(`m${index}`, ["t0"]));
    const large = [{ topicId: "t0", partitions: 3_000 }];
    const before = assignUniformly(members, large);
    const startMs = performance.now();
    const later = assignUniformly([...after(members, before), subscriber("new", ["t0"])], large);
    expect(later.get("new")?.size).toBe(5);
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });
});

describe("the range assignor", () => {
  test("gives neighbours, the first members one more", () => {
    const members = ["a", "b", "c"].map((id) => subscriber(id, ["t0"]));
    expect(assignRanges(members, [{ topicId: "t0", partitions: 8 }])).toEqual(
      new Map([
        ["a", new Set(["t0/0", "t0/1", "t0/2"])],
        ["b", new Set(["t0/3", "t0/4", "t0/5"])],
        ["c", new Set(["t0/6", "t0/7"])],
      ]),
    );
  });

  test("cuts topics of the same size alike", () => {
    const members = ["a", "b", "c"].map((id) => subscriber(id, ["t0", "t1"]));
    const topics = ["t0", "t1"].map((topicId) => ({ topicId, partitions: 7 }));
    for (const keys of assignRanges(members, topics).values()) {
      const of = (id: string): number[] =>
        [...keys].map(partsOf).flatMap((part) => (part.topicId === id ? part.partition : []));
      expect(of("t0")).toEqual(of("t1"));
    }
  });

  test("puts a static member where its instance was, whatever its member id", () => {
    const named = (memberId: string, instanceId: string): Subscriber => ({
      ...subscriber(memberId, ["t0"]),
      instanceId,
    });
    const topics = [{ topicId: "t0", partitions: 4 }];
    const before = assignRanges([named("x", "i1"), named("y", "i2")], topics);
    const later = assignRanges([named("zz", "i1"), named("y", "i2")], topics);
    expect(later.get("zz")).toEqual(before.get("x"));
  });
});
