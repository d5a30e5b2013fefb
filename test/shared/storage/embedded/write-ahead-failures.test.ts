/** What the store answers, and what it has after a crash, when the log or LMDB fails. */
import { expect, test, vi } from "vitest";
import {
  checkpointKeys,
  checkpointRetryMs,
  directCommitBytesMin,
  writeAheadGenerationsMax,
} from "../../../../shared/limits/embedded-store.ts";
import { StorageTimeoutError, StorageUnavailableError } from "../../../../shared/storage/errors.ts";
import { testFolder } from "./data-folder.ts";
import { copyOf, smallPace, WriteAheadWorld } from "./write-ahead-world.ts";

const large = "x".repeat(directCommitBytesMin);
const noDisk = Object.assign(new Error("no disk"), { code: "EIO" });
const noRoom = Object.assign(new Error("no room"), { code: "ENOSPC" });

/** As lmdb's errors are. */
class CommitFailure extends Error {
  get commitError(): Promise<never> {
    return Promise.reject(noRoom);
  }
}

test("finds all of a generation of which LMDB has a part", async () => {
  const world = await WriteAheadWorld.open(await testFolder(), { generationBytes: 1, generationKeys: 1 });
  const names = Array.from({ length: 2 * checkpointKeys + 1 }, (_, number) => `t\0${String(number).padStart(4, "0")}`);
  await world.commit(...names.map((name): [string, string] => [name, "1"]));
  world.failsToStore = noDisk;
  world.transactionsLeft = 2;
  await world.commit(["t\0x", "1"]);
  await expect.poll(() => world.transactionsLeft).toBeLessThan(0);
  expect(world.keys("t\0", "t\x01")).toEqual([...names, "t\0x"]);
  const after = await WriteAheadWorld.open(await world.copy());
  expect(after.keys("t\0", "t\x01")).toEqual([...names, "t\0x"]);
});

test("answers that a commit is open when the log fails, and begins anew behind it", async () => {
  for (const isWritten of [true, false]) {
    const world = await WriteAheadWorld.open(await testFolder());
    await world.commit(["t\0a", "1"]);
    const append = vi.spyOn(world.log, "append").mockImplementation(async () => {
      throw noDisk;
    });
    const here = vi.spyOn(world.log, "appendHere").mockImplementation((frame) => {
      here.mockRestore();
      if (isWritten) world.log.appendHere(frame);
      throw noDisk;
    });
    expect(() => world.commitHere(["t\0a", "2"])).toThrow(StorageTimeoutError);
    const crashed = await world.copy();
    expect(world.get("t\0a")).toBe("1");
    // As long as LMDB does not take what was before, nothing may follow.
    world.failsToStore = noDisk;
    expect(world.commitHere(["t\0b", "2"])).toBe(false);
    await expect(world.store.commit()).rejects.toBeInstanceOf(StorageUnavailableError);
    world.failsToStore = undefined;
    append.mockRestore();
    await world.commit(["t\0c", "3"]);
    const later = await world.copy();
    expect(world.commitHere(["t\0d", "4"])).toBe(true);
    await world.close();
    const first = await WriteAheadWorld.open(crashed);
    expect(first.range("t\0", "t\x01")).toEqual([isWritten ? "t\0a=2" : "t\0a=1"]);
    const second = await WriteAheadWorld.open(later);
    expect(second.range("t\0", "t\x01")).toEqual(["t\0a=1", "t\0c=3"]);
  }
});

test("goes on in the log while LMDB fails, up to a bound, and catches up when it does not any more", async () => {
  const world = await WriteAheadWorld.open(await testFolder(), smallPace);
  world.failsToStore = noDisk;
  let committed = 0;
  const commitOne = async (): Promise<void> => {
    await world.commit([`t\0${String(committed).padStart(4, "0")}`, "x".repeat(100)]);
    committed += 1;
  };
  const failed = await (async () => {
    for (;;)
      try {
        await commitOne();
      } catch (cause) {
        return cause;
      }
  })();
  expect(failed).toBeInstanceOf(StorageUnavailableError);
  expect(committed * 150).toBeGreaterThan(smallPace.generationBytes * writeAheadGenerationsMax);
  expect(committed * 100).toBeLessThan(smallPace.generationBytes * (writeAheadGenerationsMax + 2));
  expect(world.keys("t\0", "t\x01")).toHaveLength(committed);
  world.nowMs += checkpointRetryMs;
  world.failsToStore = undefined;
  await commitOne();
  await expect.poll(() => world.store.visible.length).toBe(1);
  const folder = await world.copy();
  await world.close();
  const after = await WriteAheadWorld.open(folder, smallPace);
  expect(after.keys("t\0", "t\x01")).toHaveLength(committed);
});

test("does not go on with a generation that LMDB may have", async () => {
  for (const stores of [true, false]) {
    const world = await WriteAheadWorld.open(await testFolder());
    await world.commit(["t\0a", "1"]);
    world.failsToStore = noDisk;
    world.storesAndFails = stores;
    await expect(world.commit(["t\0large", large])).rejects.toBeInstanceOf(StorageTimeoutError);
    world.failsToStore = undefined;
    await world.commit(["t\0b", "2"]);
    const folder = await world.copy();
    const after = await WriteAheadWorld.open(folder);
    expect(after.range("t\0a", "t\0c")).toEqual(["t\0a=1", "t\0b=2"]);
    await after.close();
  }
});

test("goes on in the log when LMDB has no room for much at once, whatever it has of it", async () => {
  for (const stores of [true, false]) {
    const world = await WriteAheadWorld.open(await testFolder());
    await world.commit(["t\0a", "1"]);
    world.failsToStore = noRoom;
    world.storesAndFails = stores;
    await expect(world.commit(["t\0large", large])).rejects.toBeInstanceOf(StorageUnavailableError);
    await world.commit(["t\0b", "2"]);
    await world.commit(["t\0c", "3"]);
    expect(world.range("t\0a", "t\0d")).toEqual(["t\0a=1", "t\0b=2", "t\0c=3"]);
    const after = await WriteAheadWorld.open(await world.copy());
    expect(after.range("t\0a", "t\0d")).toEqual(["t\0a=1", "t\0b=2", "t\0c=3"]);
    // LMDB gets it once there is room, though little came after it.
    world.failsToStore = undefined;
    world.nowMs += checkpointRetryMs;
    await world.commit(["t\0d", "4"]);
    await expect.poll(() => world.store.visible.length).toBe(1);
  }
});

test("commits nothing more after much at once whose outcome is open, until LMDB takes something again", async () => {
  const world = await WriteAheadWorld.open(await testFolder());
  world.failsToStore = noDisk;
  await expect(world.commit(["t\0large", large])).rejects.toBeInstanceOf(StorageTimeoutError);
  expect(world.commitHere(["t\0a", "1"])).toBe(false);
  await expect(world.store.commit()).rejects.toBeInstanceOf(StorageUnavailableError);
  world.failsToStore = undefined;
  await world.commit(["t\0a", "1"]);
  expect(world.range("t\0", "t\x01")).toEqual(["t\0a=1"]);
});

test("commits much at once to the log while LMDB lacks what came before", async () => {
  const world = await WriteAheadWorld.open(await testFolder(), { generationBytes: 1_000_000, generationKeys: 1 });
  await world.commit(["t\0large", "before"]);
  world.failsToStore = noDisk;
  await world.commit(["t\0a", "1"]);
  expect(world.store.visible).toHaveLength(2);
  world.failsToStore = undefined;
  await world.commit(["t\0large", large]);
  const crashed = await WriteAheadWorld.open(await world.copy());
  await world.store.checkpoint();
  for (const each of [world, crashed]) expect([each.get("t\0a"), each.get("t\0large")]).toEqual(["1", large]);
});

test("bounds the keys that wait for LMDB", async () => {
  const world = await WriteAheadWorld.open(await testFolder(), { generationBytes: 1_000_000, generationKeys: 10 });
  world.failsToStore = noDisk;
  let committed = 0;
  const commitAll = async (): Promise<void> => {
    for (; committed < 100; committed += 1) await world.commit([`t\0${committed}`, "1"]);
  };
  await expect(commitAll()).rejects.toBeInstanceOf(StorageUnavailableError);
  expect(committed).toBe(10 + 10 * writeAheadGenerationsMax);
});

test("begins nothing in LMDB once that has failed for good, and answers", async () => {
  const world = await WriteAheadWorld.open(await testFolder(), { generationBytes: 1, generationKeys: 1 });
  await world.commit(["t\0a", "1"]);
  world.isPanicked = true;
  for (let number = 0; number < writeAheadGenerationsMax; number += 1)
    await world.commit([`t\0${number}`, "2"]).catch(() => {});
  await expect(world.commit(["t\0b", "2"])).rejects.toBeInstanceOf(StorageUnavailableError);
  const after = await WriteAheadWorld.open(await world.copy());
  expect(after.get("t\0a")).toBe("1");
});

test("says that it cannot open when LMDB does not take what the log has, and loses nothing of it", async () => {
  const world = await WriteAheadWorld.open(await testFolder());
  await world.commit(["t\0a", "1"]);
  const folder = await world.copy();
  await expect(WriteAheadWorld.open(folder, undefined, new CommitFailure())).rejects.toThrow("is full");
  const after = await WriteAheadWorld.open(await copyOf(folder));
  expect(after.get("t\0a")).toBe("1");
});
