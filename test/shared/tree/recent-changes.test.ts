import { expect, test } from "vitest";
import { zxid } from "../../../shared/brand.ts";
import { RecentChanges } from "../../../shared/tree/recent-changes.ts";
import type { TreeEvent } from "../../../shared/tree/tree-events.ts";

test("are forgotten, the oldest first, where there are too many events, however few transactions", () => {
  const event: TreeEvent = { type: "NodeDataChanged", path: "/", aclIndex: 0 };
  const recent = new RecentChanges(zxid(0));
  const add = (at: number, count: number): void => {
    recent.add(at, 1, [{ zxid: zxid(at), events: Array.from({ length: count }, () => event) }]);
  };
  for (let at = 1; at <= 1_000; at += 1) add(at, 1);
  expect(recent.after(0)).toBeDefined();
  for (let at = 1_001; at <= 1_003; at += 1) add(at, 120_000);
  expect([1_000, 1_001].map((since) => recent.between(since, 1_003)?.length)).toEqual([undefined, 2]);
  add(1_004, 250_001);
  expect([recent.between(1_003, 1_004), recent.between(1_004, 1_004)]).toEqual([undefined, []]);
});
