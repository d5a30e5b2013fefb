import { expect, test } from "vitest";
import { TurnWrites } from "../../../gateway/zookeeper/turn-writes.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { TreeRequest } from "../../../shared/tree/tree-request.ts";
import { Tree } from "../../../shared/tree/tree.ts";

function create(path: string): TreeRequest {
  return { operations: [{ kind: "create", path, data: null, mode: "persistent" }] };
}

test("appends once what came in one turn of the event loop, in its order", async () => {
  const counted = countRequests(createMemoryStorage().storage);
  const tree = new Tree(counted.storage, "default");
  const writes = new TurnWrites(tree);
  await writes.write(create("/before"));
  counted.reset();
  const asked: Promise<unknown>[] = [];
  // As sockets are read one after the other: each in a step of its own.
  for (let n = 0; n < 20; n += 1) {
    await Promise.resolve();
    asked.push(writes.write(create(`/${n}`)).then((result) => result.kind === "done" && result.result.zxid));
  }
  const zxids = await Promise.all(asked);
  expect(zxids).toEqual(zxids.map((_, n) => Number(zxids[0]) + n));
  expect(counted.counts()["logs.putIfAbsent"]).toBe(1);
});
