import { cp, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { directCommitBytesMin, directCommitKeysMax } from "../../../../shared/limits/embedded-store.ts";
import { PendingWrites } from "../../../../shared/storage/embedded/pending-writes.ts";
import { encodeFrame } from "../../../../shared/storage/embedded/write-ahead-frame.ts";
import { recoverFrames } from "../../../../shared/storage/embedded/write-ahead-log.ts";
import { StorageCorruptError } from "../../../../shared/storage/errors.ts";
import { testFolder } from "./data-folder.ts";
import { copyOf, frameEnds, smallPace, WriteAheadWorld } from "./write-ahead-world.ts";

const large = "x".repeat(directCommitBytesMin);
const noDisk = Object.assign(new Error("no disk"), { code: "EIO" });

test("shows what is decided to decisions only, and to readers once it is durable", async () => {
  const world = await WriteAheadWorld.open(await testFolder());
  // The log's file has to grow first.
  expect(world.commitHere(["t\0a", "1"])).toBe(false);
  await world.store.commit();
  let decided: (string | undefined)[] = [];
  world.store.decide(() => {
    world.table.put(Buffer.from("t\0a"), Buffer.from("2"));
    world.table.put(Buffer.from("t\0b"), Buffer.from("3"));
    decided = [world.get("t\0a"), ...world.range("t\0", "t\x01")];
  });
  expect(decided).toEqual(["2", "t\0a=2", "t\0b=3"]);
  expect(world.range("t\0", "t\x01")).toEqual(["t\0a=1"]);
  await world.store.commit();
  expect(world.range("t\0", "t\x01")).toEqual(["t\0a=2", "t\0b=3"]);
  expect(world.commitHere(["t\0a", undefined])).toBe(true);
  expect(world.range("t\0", "t\x01")).toEqual(["t\0b=3"]);
  expect(() => world.table.put(Buffer.from("t\0c"), Buffer.from("4"))).toThrow("outside of a commit");
});

test("does not show what is being forced to the disk", async () => {
  const world = await WriteAheadWorld.open(await testFolder());
  await world.commit(["t\0a", "1"]);
  const seen: (string | undefined)[] = [];
  const append = vi.spyOn(world.log, "append").mockImplementation(async (frame) => {
    seen.push(world.get("t\0a"));
    append.mockRestore();
    await world.log.append(frame);
    seen.push(world.get("t\0a"));
  });
  await world.commit(["t\0a", "2"]);
  const here = vi.spyOn(world.log, "appendHere").mockImplementation((frame) => {
    here.mockRestore();
    world.log.appendHere(frame);
    seen.push(world.get("t\0a"));
  });
  expect(world.commitHere(["t\0a", "3"])).toBe(true);
  expect([...seen, world.get("t\0a")]).toEqual(["1", "1", "2", "3"]);
});

test("hands out copies", async () => {
  const world = await WriteAheadWorld.open(await testFolder());
  await world.commit(["t\0a", "1"]);
  world.table.get(Buffer.from("t\0a"))?.fill(0);
  for (const { value } of world.table.range({ start: Buffer.from("t\0"), end: Buffer.from("t\x01") })) value.fill(0);
  expect(world.get("t\0a")).toBe("1");
});

test("lets go of LMDB when a range is not read to its end", async () => {
  const world = await WriteAheadWorld.open(await testFolder());
  await world.commit(["t\0a", "1"], ["t\0b", "1"]);
  // More than LMDB has places for readers.
  for (let round = 0; round < 200; round += 1) {
    await world.store.checkpoint();
    await world.commit(["t\0a", String(round)]);
    for (const { value } of world.table.range({ start: Buffer.from("t\0"), end: Buffer.from("t\x01") })) {
      expect(Buffer.from(value).toString()).toBe(String(round));
      break;
    }
  }
  expect(world.range("t\0", "t\x01")).toEqual(["t\0a=199", "t\0b=1"]);
});

const numberMax = 30;

function nameOf(group: string, number: number): string {
  return `${group}\0${String(number).padStart(2, "0")}`;
}

const key = fc
  .tuple(fc.constantFrom("t", "tt", "u"), fc.integer({ min: 0, max: numberMax }))
  .map(([group, number]) => nameOf(group, number));
const writes = fc.array(fc.tuple(key, fc.option(fc.string({ maxLength: 60 }), { nil: undefined, freq: 3 })), {
  minLength: 1,
  maxLength: 12,
});
const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom("commit" as const, "commitHere" as const), writes }) },
    { weight: 1, arbitrary: fc.constantFrom({ kind: "checkpoint" as const }, { kind: "large" as const }) },
    { weight: 1, arbitrary: fc.constantFrom({ kind: "reopen" as const }, { kind: "crash" as const }) },
  ),
  { maxLength: 60 },
);

function expectSame(world: WriteAheadWorld, model: ReadonlyMap<string, string>): void {
  for (const group of ["t", "tt", "u"]) {
    const names = [...model.keys()].filter((name) => name.startsWith(`${group}\0`)).toSorted();
    const shown = names.map((name) => `${name}=${model.get(name)}`);
    expect(world.range(`${group}\0`, `${group}\x01`)).toEqual(shown);
    expect(world.range(`${group}\0~`, `${group}\0`, true)).toEqual(shown.toReversed());
    expect(world.keys(`${group}\0`, `${group}\x01`)).toEqual(names);
    const inner = names.filter((name) => name >= `${group}\x0007` && name < `${group}\x0020`);
    expect(world.keys(`${group}\x0007`, `${group}\x0020`)).toEqual(inner);
    const below = names.filter((name) => name > `${group}\x0007` && name <= `${group}\x0020`);
    expect(world.keys(`${group}\x0020`, `${group}\x0007`, true)).toEqual(below.toReversed());
    for (let number = 0; number <= numberMax; number += 1)
      expect(world.get(nameOf(group, number))).toBe(model.get(nameOf(group, number)));
  }
}

test("is the same table whatever of it lies where, also after a crash", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      let world = await WriteAheadWorld.open(await testFolder(), smallPace);
      const model = new Map<string, string>();
      for (const step of list) {
        if (step.kind === "checkpoint") {
          await world.store.checkpoint();
        } else if (step.kind === "large") {
          await world.commit(["large\0", large]);
        } else if (step.kind === "reopen") {
          await world.close();
          world = await WriteAheadWorld.open(world.folder, smallPace);
        } else if (step.kind === "crash") {
          // Whatever LMDB is writing ends first, so that its file is copied as it is.
          await expect.poll(() => world.store.visible.length, { interval: 1 }).toBe(1);
          const folder = await world.copy();
          await world.close();
          world = await WriteAheadWorld.open(folder, smallPace);
        } else {
          for (const [name, value] of step.writes)
            if (value === undefined) model.delete(name);
            else model.set(name, value);
          world.decide(...step.writes);
          if (step.kind === "commit" || !world.store.commitHere()) await world.store.commit();
        }
        expectSame(world, model);
      }
      await world.close();
    }),
    { numRuns: 40 },
  );
});

test("finds after a crash exactly the commits whose frames are whole", async () => {
  const world = await WriteAheadWorld.open(await testFolder());
  for (let number = 0; number < 5; number += 1)
    await world.commit(["t\0n", String(number)], [`t\0${number}`, "x".repeat(number)]);
  const ends = await frameEnds(world.folder, 1);
  expect(ends).toHaveLength(5);
  const start = (ends[3] ?? 0) - 10;
  const end = ends[4] ?? 0;
  for (let length = start; length <= end; length += 1) {
    const folder = await world.copy();
    await truncate(join(folder, "wal", "1"), length);
    const after = await WriteAheadWorld.open(folder);
    const whole = ends.filter((at) => at <= length).length;
    expect(after.get("t\0n")).toBe(String(whole - 1));
    expect(after.keys("t\x000", "t\x009")).toHaveLength(whole);
    // And it goes on from there.
    await after.commit(["t\0n", "more"]);
    expect(after.get("t\0n")).toBe("more");
    await after.close();
  }
});

test("tells a log that was damaged from one whose last frame is not whole", async () => {
  const world = await WriteAheadWorld.open(await testFolder());
  for (let number = 0; number < 4; number += 1) await world.commit([`t\0${number}`, "value"]);
  const ends = await frameEnds(world.folder, 1);
  const bytes = await readFile(join(world.folder, "wal", "1"));
  const last = ends.at(-2) ?? 0;
  for (let at = ends[1] ?? 0; at < (ends.at(-1) ?? 0); at += 1) {
    const folder = await world.copy();
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at);
    await writeFile(join(folder, "wal", "1"), damaged);
    if (at < last) {
      await expect(WriteAheadWorld.open(folder)).rejects.toBeInstanceOf(StorageCorruptError);
    } else {
      const after = await WriteAheadWorld.open(folder);
      expect(after.keys("t\0", "t\x01")).toHaveLength(3);
      await after.close();
    }
  }
});

test("misses a frame between two that are whole", () => {
  const mark = Buffer.from("the mark");
  const frame = (sequence: number): Buffer => {
    const writes = new PendingWrites();
    writes.set({ table: 0, key: Buffer.from(`t\0${sequence}`), value: Buffer.from("1") });
    return encodeFrame({ mark, generation: 1, sequence, previousFrames: 0 }, writes, writes.bytes);
  };
  const none = Buffer.alloc(0);
  expect(recoverFrames(mark, [none, Buffer.concat([frame(0), frame(1)])], 0).writes).toHaveLength(2);
  expect(() => recoverFrames(mark, [none, Buffer.concat([frame(0), frame(2)])], 0)).toThrow(StorageCorruptError);
});

test("misses frames of a generation that the next one counts", async () => {
  const world = await WriteAheadWorld.open(await testFolder(), { generationBytes: 1, generationKeys: 2 });
  await world.commit(["t\0a", "1"]);
  world.failsToStore = noDisk;
  await world.commit(["t\0b", "2"]);
  const [ends, later] = [await frameEnds(world.folder, 1), await frameEnds(world.folder, 2)];
  expect([ends.length, later.length]).toEqual([1, 1]);
  const folder = await world.copy();
  await truncate(join(folder, "wal", "1"), 10);
  await expect(WriteAheadWorld.open(folder)).rejects.toThrow("lacks frames of generation 1");
});

test("misses the last frame of a generation that the next one counts", async () => {
  const world = await WriteAheadWorld.open(await testFolder(), { generationBytes: 1_000_000, generationKeys: 2 });
  await world.commit(["t\0a", "1"]);
  await world.commit(["t\0b", "2"]);
  world.failsToStore = noDisk;
  await world.commit(["t\0c", "3"]);
  const whole = await world.copy();
  const folder = await world.copy();
  const [end, last] = await frameEnds(folder, 1);
  expect(last).toBeGreaterThan(end ?? Number.NaN);
  await truncate(join(folder, "wal", "1"), end);
  await expect(WriteAheadWorld.open(folder)).rejects.toThrow("lacks frames of generation 1");
  const after = await WriteAheadWorld.open(whole);
  expect(after.range("t\0", "t\x01")).toEqual(["t\0a=1", "t\0b=2", "t\0c=3"]);
});

test("commits much at once to LMDB alone, with what was before it", async () => {
  const world = await WriteAheadWorld.open(await testFolder());
  await world.commit(["t\0a", "1"], ["t\0large", "before"]);
  const { generation } = world.log;
  expect(world.commitHere(["t\0large", large])).toBe(false);
  await world.store.commit();
  expect([world.log.generation, world.log.bytes]).toEqual([generation + 1, 0]);
  const folder = await world.copy();
  const after = await WriteAheadWorld.open(folder);
  for (const each of [world, after]) expect([each.get("t\0a"), each.get("t\0large")]).toEqual(["1", large]);
  // With much in the log before it, it goes there too.
  const many = Array.from({ length: directCommitKeysMax + 1 }, (_, number): [string, string] => [`t\0${number}`, ""]);
  await world.commit(...many);
  await world.commit(["t\0large", "after"], ["t\0larger", large]);
  expect(world.log.bytes).toBeGreaterThan(large.length);
});

test("takes nothing for a frame that somebody has sent as a value", async () => {
  const other = await WriteAheadWorld.open(await testFolder());
  await other.commit(["t\0a", "sent"]);
  const [end] = await frameEnds(other.folder, 1);
  const sent = (await readFile(join(other.folder, "wal", "1"))).toString("latin1", 0, end);
  const world = await WriteAheadWorld.open(await testFolder());
  world.store.decide(() => world.table.put(Buffer.from("t\0value"), Buffer.from(sent, "latin1")));
  await world.store.commit();
  const folder = await world.copy();
  const file = await readFile(join(folder, "wal", "1"));
  // All but the last byte of the frame that holds the value.
  await truncate(join(folder, "wal", "1"), ((await frameEnds(folder, 1))[0] ?? 0) - 1);
  expect(file.includes(Buffer.from(sent, "latin1"))).toBe(true);
  const after = await WriteAheadWorld.open(folder);
  expect(after.range("t\0", "t\x01")).toEqual([]);
  // Where a frame could stand.
  await writeFile(join(folder, "wal", "1"), Buffer.from(sent, "latin1"));
  const again = await WriteAheadWorld.open(await copyOf(folder));
  expect(again.range("t\0", "t\x01")).toEqual([]);
});

test("does not open where LMDB is older than the log, or the log's files are not in their places", async () => {
  const world = await WriteAheadWorld.open(await testFolder());
  await world.commit(["t\0a", "1"]);
  const old = await world.copy();
  const swapped = await world.copy();
  for (const value of ["2", "3"]) {
    await world.store.checkpoint();
    await world.commit(["t\0a", value]);
  }
  await rm(join(old, "wal"), { recursive: true });
  await cp(join(world.folder, "wal"), join(old, "wal"), { recursive: true });
  await expect(WriteAheadWorld.open(old)).rejects.toBeInstanceOf(StorageCorruptError);
  const [even, odd] = [join(swapped, "wal", "0"), join(swapped, "wal", "1")];
  await rename(odd, `${odd}x`);
  await rename(even, odd);
  await rename(`${odd}x`, even);
  await expect(WriteAheadWorld.open(swapped)).rejects.toBeInstanceOf(StorageCorruptError);
});
