import { expect, test } from "vitest";
import { type Watcher, watchMode, WatchTable } from "../../../gateway/zookeeper/watch-table.ts";
import { znodePathCharsMax } from "../../../shared/limits.ts";
import { watchCharsOfConnectionMax } from "../../../shared/limits/zookeeper-gateway.ts";
import { openAclIndex } from "../../../shared/tree/acl.ts";
import type { TreeEventType } from "../../../shared/tree/tree-events.ts";

class Recorder implements Watcher {
  readonly heard: string[] = [];
  notify({ type, path }: { readonly type: TreeEventType; readonly path: string }): void {
    this.heard.push(`${type} ${path}`);
  }
}

function tell(table: WatchTable, type: TreeEventType, path: string): void {
  table.tell({ type, path, aclIndex: openAclIndex }, 1);
}

test("a watch of data or children holds once, and a deletion is told once to who has both", () => {
  const table = new WatchTable();
  const one = new Recorder();
  table.add(one, "/a", watchMode.data);
  table.add(one, "/a", watchMode.child);
  tell(table, "NodeChildrenChanged", "/a");
  tell(table, "NodeChildrenChanged", "/a");
  expect(one.heard).toEqual(["NodeChildrenChanged /a"]);
  table.add(one, "/a", watchMode.child);
  tell(table, "NodeDeleted", "/a");
  tell(table, "NodeCreated", "/a");
  expect(one.heard.slice(1)).toEqual(["NodeDeleted /a"]);
  expect(table.count).toBe(0);
});

test("persistent watches stay, recursive ones hear of all below and nothing of children", () => {
  const table = new WatchTable();
  const [exact, below] = [new Recorder(), new Recorder()];
  table.add(exact, "/a", watchMode.persistent);
  table.add(below, "/", watchMode.recursive);
  for (let count = 0; count < 2; count += 1) {
    tell(table, "NodeCreated", "/a/b");
    tell(table, "NodeChildrenChanged", "/a");
  }
  expect(exact.heard).toEqual(["NodeChildrenChanged /a", "NodeChildrenChanged /a"]);
  expect(below.heard).toEqual(["NodeCreated /a/b", "NodeCreated /a/b"]);
});

test("a watcher with several watches hears of an event once", () => {
  const table = new WatchTable();
  const one = new Recorder();
  table.add(one, "/a", watchMode.data);
  table.add(one, "/a", watchMode.persistent);
  table.add(one, "/", watchMode.recursive);
  tell(table, "NodeDataChanged", "/a");
  expect(one.heard).toEqual(["NodeDataChanged /a"]);
  expect(table.has(one, "/a", watchMode.data)).toBe(false);
  expect(table.has(one, "/a", watchMode.persistent)).toBe(true);
});

test("what is removed or forgotten is told no more, and others stay", () => {
  const table = new WatchTable();
  const [one, other] = [new Recorder(), new Recorder()];
  for (const watcher of [one, other]) {
    table.add(watcher, "/a", watchMode.data);
    table.add(watcher, "/a", watchMode.recursive);
  }
  expect(table.remove(one, "/a", watchMode.child)).toBe(false);
  expect(table.remove(one, "/a", watchMode.recursive)).toBe(true);
  tell(table, "NodeCreated", "/a/b");
  expect([one.heard, other.heard]).toEqual([[], ["NodeCreated /a/b"]]);
  table.forget(other);
  tell(table, "NodeDataChanged", "/a");
  expect([one.heard, other.heard.length]).toEqual([["NodeDataChanged /a"], 1]);
  expect([table.count, table.watcherCount, table.byPath.size]).toEqual([0, 0, 0]);
});

test("watched paths are bounded by their lengths, and what is cleared makes room again", () => {
  const table = new WatchTable();
  const one = new Recorder();
  expect(table.add(one, `/${"x".repeat(znodePathCharsMax)}`, watchMode.data)).toBe(false);
  const long = "x".repeat(znodePathCharsMax - 10);
  const pathOf = (index: number): string => `/${long}${String(index).padStart(9, "0")}`;
  let count = 0;
  while (count * znodePathCharsMax <= watchCharsOfConnectionMax && table.add(one, pathOf(count), watchMode.data)) {
    count += 1;
  }
  expect([count, table.count]).toEqual([Math.floor(watchCharsOfConnectionMax / znodePathCharsMax), count]);
  tell(table, "NodeDataChanged", pathOf(0));
  expect([table.add(one, pathOf(count), watchMode.data), table.add(one, pathOf(0), watchMode.data)]).toEqual([
    true,
    false,
  ]);
  expect(table.add(new Recorder(), pathOf(0), watchMode.data)).toBe(true);
  table.forget(one);
  expect([table.count, table.add(one, pathOf(0), watchMode.data)]).toEqual([1, true]);
});
