import { expect, test } from "vitest";
import { ToldAgain } from "../../../gateway/zookeeper/told-again.ts";

const changed = (path: string, zxid: number) => ({
  event: { type: "NodeDataChanged" as const, path, aclIndex: 0 },
  zxid,
});

test("what a watch above has told is not told again, but a guess is, unless it was itself", () => {
  const told = new ToldAgain();
  told.begin(5);
  expect([told.hasTold, told.untold([changed("/a/b", 6)], false)]).toEqual([false, [changed("/a/b", 6)]]);
  told.add([{ path: "/a", recursive: true }]);
  told.replace([changed("/a", 9)]);
  expect(told.untold([changed("/a/b", 6), changed("/c", 7)], false)).toEqual([changed("/c", 7)]);
  expect(told.untold([changed("/a", 9), changed("/a/b", 9)], true)).toEqual([changed("/a/b", 9)]);
  expect(told.untold([changed("/a", 10)], true)).toEqual([changed("/a", 10)]);
});

test("of those for which another was told before, the first goes", () => {
  const told = new ToldAgain();
  told.begin(5);
  told.replace([changed("/a", 9)]);
  const all = [changed("/a", 6), changed("/a", 8), changed("/b", 8), changed("/a", 10)];
  expect(told.untold(all, false)).toEqual([changed("/a", 8), changed("/b", 8), changed("/a", 10)]);
});

test("what was told since another zxid does not count", () => {
  const told = new ToldAgain();
  told.begin(5);
  told.add([{ path: "/a", recursive: false }]);
  told.begin(6);
  expect([told.hasTold, told.untold([changed("/a", 7)], false)]).toEqual([false, [changed("/a", 7)]]);
});
