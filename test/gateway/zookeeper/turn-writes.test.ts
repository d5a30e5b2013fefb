import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { TurnWrites } from "../../../gateway/zookeeper/turn-writes.ts";
import { gatheringTurnsMax } from "../../../shared/limits/zookeeper-gateway.ts";
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

/** How many writes of `perTurn`, in one turn after the other, are handed over each time. */
async function handedOver(perTurn: readonly number[]): Promise<readonly number[]> {
  const groups: number[] = [];
  let handedAt = -1;
  const writes = new TurnWrites({
    write: () => {
      if (handedAt === turns) groups[groups.length - 1] = (groups.at(-1) ?? 0) + 1;
      else groups.push(1);
      handedAt = turns;
      return Promise.resolve({ kind: "failed", reason: "unavailable" });
    },
  });
  let turns = 0;
  for (const count of perTurn) {
    for (let n = 0; n < count; n += 1) void writes.write(create(`/${n}`));
    await turn();
    turns += 1;
  }
  for (; turns < perTurn.length + gatheringTurnsMax; turns += 1) await turn();
  return groups;
}

test("waits while each turn brings more writes, and a turn for one that is alone", async () => {
  expect(await handedOver([1])).toEqual([1]);
  expect(await handedOver([3, 2, 1, 0, 4])).toEqual([6, 4]);
});

test("hands over after some turns whatever comes", async () => {
  const turns = 3 * gatheringTurnsMax;
  const groups = await handedOver(Array.from({ length: turns }, () => 1));
  expect(groups.reduce((sum, count) => sum + count, 0)).toBe(turns);
  expect(Math.max(...groups)).toBe(gatheringTurnsMax);
});
