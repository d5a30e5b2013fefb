import { expect, test } from "vitest";
import { zxid } from "../../../shared/brand.ts";
import { treeOperationsMax } from "../../../shared/limits.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { TreeWaiters } from "../../../shared/tree/tree-waiters.ts";
import type { TreeEvent } from "../../../shared/tree/tree-events.ts";
import { treeLogId } from "../../../shared/log/log-id.ts";

test("who waits is woken once by a multi, however much it is about", { timeout: 5_000 }, async () => {
  const { storage } = createMemoryStorage();
  const log = { logId: treeLogId("default"), position: () => 1, catchUp: () => Promise.resolve() };
  const waiters = new TreeWaiters(storage, log);
  const others = new AbortController();
  const waiting = Array.from({ length: 5_000 }, () => waiters.wait([{ path: "/", recursive: true }], 60_000));
  const other = waiters.wait([{ path: "/b", recursive: false }], 60_000, others.signal);
  const events = Array.from({ length: treeOperationsMax }, (_, index): TreeEvent => {
    return { type: "NodeCreated", path: `/a${index}`, aclIndex: 0 };
  });
  waiters.changed([{ zxid: zxid(1), events }]);
  expect(waiters.count).toBe(1);
  await Promise.all(waiting);
  others.abort();
  await other;
  expect(waiters.count).toBe(0);
});
