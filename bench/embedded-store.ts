/**
 * What the embedded store does on this disk, next to what LMDB and the disk do by themselves.
 *
 *     node bench/embedded-store.ts [seconds a measurement, default 2]
 *
 * Every put counts only once it is durable. A shared disk varies by a factor of two between runs: compare within one.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { openEmbeddedStorage } from "../shared/storage/embedded/embedded-storage.ts";
import type { LogEntry, LogId } from "../shared/storage/log-store.ts";

const durationMs = Number(process.argv[2] ?? 2) * 1_000;
const mebibyte = 1_048_576;
const folder = await mkdtemp(join(tmpdir(), "streamkeeper-bench-"));

interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Calls `put` from `concurrency` loops for the time of one measurement. */
async function measure(concurrency: number, put: (index: number) => Promise<unknown>): Promise<Measured> {
  const latenciesMs: number[] = [];
  let index = 0;
  const startMs = performance.now();
  const loop = async (): Promise<void> => {
    while (performance.now() - startMs < durationMs) {
      const calledMs = performance.now();
      await put(index++);
      latenciesMs.push(performance.now() - calledMs);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  const elapsedMs = performance.now() - startMs;
  latenciesMs.sort((a, b) => a - b);
  const quantile = (part: number): number => latenciesMs[Math.floor(latenciesMs.length * part)] ?? Number.NaN;
  return { perSecond: (latenciesMs.length / elapsedMs) * 1_000, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}

function report(what: string, { perSecond, p50Ms, p99Ms }: Measured, unit = "puts/s"): void {
  const figure = perSecond.toFixed(perSecond < 10 ? 1 : 0).padStart(8);
  console.log(`${what.padEnd(52)} ${figure} ${unit.padEnd(7)} p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms`);
}

function entry(logId: LogId, position: number, bytes: Uint8Array): LogEntry {
  const meta = new Uint8Array(60);
  return {
    logId,
    position,
    next: position + 1,
    attempt: "bench-attempt-22-chars",
    appendedAtMs: 1_750_000_000_000,
    meta,
    payload: { kind: "inline", bytes },
  };
}

async function benchRawLmdb(overlappingSync: boolean): Promise<void> {
  const name = overlappingSync ? "overlappingSync, flushed" : "overlappingSync: false";
  for (const concurrency of [1, 16, 256]) {
    const root = open<Buffer, Uint8Array>({
      path: join(folder, `raw-${overlappingSync}-${concurrency}`),
      encoding: "binary",
      keyEncoding: "binary",
      overlappingSync,
    });
    const value = randomBytes(1_024);
    const measured = await measure(concurrency, async (index) => {
      const key = Buffer.alloc(48);
      key.writeUInt32BE(index, 44);
      await root.put(key, value);
      if (overlappingSync) await root.flushed;
    });
    report(`raw lmdb (${name}), 1 KB, ${concurrency} at once`, measured);
    await root.close();
  }
}

async function benchEntries(): Promise<void> {
  const { storage, close } = await openEmbeddedStorage({ dataFolder: join(folder, "store-entries") });
  for (const [bytes, concurrencies] of [
    [1_024, [1, 16, 256]],
    [16_384, [1, 16]],
    [350_000, [1, 16]],
  ] as const) {
    const payload = randomBytes(bytes);
    for (const concurrency of concurrencies) {
      const logId = `partition:bench-${bytes}:${concurrency}` as LogId;
      const measured = await measure(concurrency, (index) => storage.logs.putIfAbsent(entry(logId, index, payload)));
      report(`putIfAbsent, ${bytes} bytes inline, ${concurrency} at once`, measured);
    }
  }
  for (const concurrency of [1, 16, 256]) {
    const measured = await measure(concurrency, (index) =>
      storage.items.update({ partition: "bench", sort: String(index % 1_000) }, { add: { count: 1 } }, [
        { kind: "attribute", name: "count", op: ">=", value: 0, orAbsent: true },
      ]),
    );
    report(`conditional item update, ${concurrency} at once`, measured);
  }
  const read = await measure(1, () =>
    storage.logs.readFrom("partition:bench-1024:256" as LogId, 0, { entriesMax: 1_000, bytesMax: mebibyte }),
  );
  report("readFrom, 970 entries of 1 KB", read, "reads/s");
  await close();
}

async function benchRawFile(sizeBytes: number): Promise<void> {
  const file = openSync(join(folder, `raw-file-${sizeBytes}`), "w");
  const bytes = randomBytes(sizeBytes);
  const measured = await measure(1, async () => {
    writeSync(file, bytes);
    fdatasyncSync(file);
  });
  closeSync(file);
  await rm(join(folder, `raw-file-${sizeBytes}`));
  const perSecond = (measured.perSecond * sizeBytes) / mebibyte;
  report(`raw sequential write and fdatasync, ${sizeBytes / mebibyte} MiB`, { ...measured, perSecond }, "MiB/s");
}

async function benchBlobs(sizeBytes: number): Promise<void> {
  const { storage, close } = await openEmbeddedStorage({ dataFolder: join(folder, `store-blobs-${sizeBytes}`) });
  const bytes = randomBytes(sizeBytes);
  for (const concurrency of [1, 8]) {
    const measured = await measure(concurrency, (index) => storage.blobs.put(`hot/t/${concurrency}/${index}`, [bytes]));
    const perSecond = (measured.perSecond * sizeBytes) / mebibyte;
    report(`blob put, ${sizeBytes / mebibyte} MiB, ${concurrency} at once`, { ...measured, perSecond }, "MiB/s");
  }
  const logId = "partition:bench:beside" as LogId;
  const small = randomBytes(1_024);
  const [beside] = await Promise.all([
    measure(4, (index) => storage.logs.putIfAbsent(entry(logId, index, small))),
    measure(8, (index) => storage.blobs.put(`hot/t/beside/${index}`, [bytes])),
  ]);
  report(`putIfAbsent, 4 at once, beside 8 blob puts of ${sizeBytes / mebibyte} MiB`, beside);
  await close();
  await rm(join(folder, `store-blobs-${sizeBytes}`), { recursive: true });
}

try {
  await benchRawLmdb(true);
  await benchRawLmdb(false);
  await benchEntries();
  for (const sizeBytes of [mebibyte, 8 * mebibyte]) {
    await benchRawFile(sizeBytes);
    await benchBlobs(sizeBytes);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
