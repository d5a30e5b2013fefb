import { expect, test } from "vitest";
import { znodePathCharsMax } from "../../../shared/limits.ts";
import { watchCharsMax, watchCharsOfConnectionMax } from "../../../shared/limits/zookeeper-gateway.ts";
import { WatchTable, watchMode } from "../../../gateway/zookeeper/watch-table.ts";
import { zookeeperBed } from "./zookeeper-bed.ts";

const quotaExceeded = -125;
const noNode = -101;
const ofConnectionMax = Math.floor(watchCharsOfConnectionMax / znodePathCharsMax);
const paths = Array.from({ length: ofConnectionMax + 1 }, (_, index) => `/${index}`.padEnd(znodePathCharsMax, "x"));

test("watches of all connections are bounded together, beside those of each", () => {
  const table = new WatchTable();
  const counts: number[] = [];
  for (let watchers = 0; watchers < 10; watchers += 1) {
    const watcher = { notify: () => undefined };
    counts.push(paths.filter((path) => table.add(watcher, path, watchMode.data)).length);
  }
  const all = Math.floor(watchCharsMax / znodePathCharsMax);
  const full = Math.floor(all / ofConnectionMax);
  expect(counts.slice(0, full)).toEqual(Array.from({ length: full }, () => ofConnectionMax));
  expect(counts.slice(full)).toEqual([all - full * ofConnectionMax, ...counts.slice(full + 1).map(() => 0)]);
  expect(table.count).toBe(all);
});

test("a client with too many watches is told so, and keeps its session unless it sets them again", async () => {
  await using bed = await zookeeperBed();
  const client = await bed.connect();
  const errors = new Map<number, number>();
  for (const answer of paths.map((path) => client.send("exists", { path, watch: true }))) {
    const { err } = await answer;
    errors.set(err, (errors.get(err) ?? 0) + 1);
  }
  expect([...errors]).toEqual([
    [noNode, ofConnectionMax],
    [quotaExceeded, 1],
  ]);
  expect((await client.send("addWatch", { path: paths.at(-1) ?? "", mode: 0 })).err).toBe(quotaExceeded);
  expect((await client.send("ping", {})).err).toBe(0);
  for (const name of ["setWatches", "setWatches2"] as const) {
    const again = await bed.connect();
    const none: readonly string[] = [];
    for (let first = 0; first < paths.length; first += 1_000) {
      const { err } = await again.send(name, {
        relativeZxid: 0,
        dataWatches: none,
        existWatches: paths.slice(first, first + 1_000),
        childWatches: none,
        persistentWatches: none,
        persistentRecursiveWatches: none,
      });
      expect(err).toBe(first + 1_000 < paths.length ? 0 : quotaExceeded);
    }
    await again.closed();
  }
  expect(bed.failures).toHaveLength(2);
});
