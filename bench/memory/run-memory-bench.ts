/** Passes gigabytes through a server and looks whether its memory stays flat. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateTopicCommand, ProduceBatchesCommand, StreamkeeperClient } from "../../client/index.ts";
import { sampleBatch } from "../log/sample-batch.ts";
import { ServerProcess } from "../server/start-server.ts";
import { folderBytes } from "./folder-size.ts";
import { memoryReport } from "./memory-report.ts";
import type { MemoryReport, MemorySample } from "./memory-report.ts";

export interface MemoryOptions {
  readonly gigabytes: number;
  readonly folder: string;
  readonly onSample: (sample: MemorySample, share: number) => void;
}

const batchBytes = 1_048_576;
const partitions = 4;
/** Bytes of a partition that retention leaves: with it the disk stays bounded however much passes. */
const retainedBytes = 128 * 1024 * 1024;
const segmentBytes = 32 * 1024 * 1024;
const sampleEveryMs = 500;
/** Far shorter than a server's, so that what was sealed and retired is also deleted while the bench runs. */
const lifetimes = { hotEntryMs: 40_000, graceMs: 4_000, tailEvidenceMsMax: 400 };
const sweepMs = 2_000;
const topic = "memory";

/** Produces that much and reads it all, side by side, and reports the server's memory over time. */
export async function runMemoryBench(options: MemoryOptions): Promise<MemoryReport> {
  const folder = await mkdtemp(join(options.folder, "streamkeeper-memory-"));
  try {
    await using server = await ServerProcess.start({ dataFolder: folder, lifetimes, sweepMs });
    using client = new StreamkeeperClient({ endpoint: server.url });
    return await passThrough(server, client, folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function passThrough(
  server: ServerProcess,
  client: StreamkeeperClient,
  folder: string,
  { gigabytes, onSample }: MemoryOptions,
): Promise<MemoryReport> {
  const config = {
    "retention.bytes": String(retainedBytes),
    "segment.bytes": String(segmentBytes),
    "max.message.bytes": String(2 * batchBytes),
  };
  await client.send(new CreateTopicCommand({ name: topic, partitions, config }));
  const batchesPerPartition = Math.ceil((gigabytes * 1e9) / batchBytes / partitions);
  const passed = { producedBytes: 0, fetchedBytes: 0 };
  const stop = new AbortController();
  const startMs = performance.now();
  const samples: MemorySample[] = [];
  const sampling = (async () => {
    while (!stop.signal.aborted) {
      const [usage, diskBytes] = await Promise.all([server.usage(), folderBytes(folder)]);
      const sample = { atMs: Math.round(performance.now() - startMs), ...passed, ...usage, diskBytes };
      samples.push(sample);
      onSample(sample, passed.producedBytes / (gigabytes * 1e9));
      await sleep(sampleEveryMs);
    }
  })();
  const works = Array.from({ length: partitions }, (_, partition) =>
    Promise.all([
      produceAll(client, partition, batchesPerPartition, passed),
      fetchAll(client, partition, batchesPerPartition, passed),
    ]),
  );
  try {
    await Promise.all(works);
  } finally {
    stop.abort();
    await sampling;
  }
  return memoryReport(samples, { ...passed, elapsedMs: performance.now() - startMs });
}

interface Passed {
  producedBytes: number;
  fetchedBytes: number;
}

async function produceAll(client: StreamkeeperClient, partition: number, count: number, passed: Passed): Promise<void> {
  const { bytes } = sampleBatch(batchBytes, 1_000);
  for (let index = 0; index < count; index += 1) {
    await client.send(new ProduceBatchesCommand({ topic, partition, batches: bytes }), { maxAttempts: 10 });
    passed.producedBytes += bytes.length;
  }
}

/** Follows the producer; what retention took first is passed over, and counts as read. */
async function fetchAll(client: StreamkeeperClient, partition: number, count: number, passed: Passed): Promise<void> {
  const records = sampleBatch(batchBytes, 1_000).records * count;
  const reader = client.readPartition({ topic, partition, from: 0, reset: "earliest", waitMs: 1_000 });
  for await (const page of reader.pages()) {
    for (const { value } of page.records) passed.fetchedBytes += value?.length ?? 0;
    if (page.nextOffset >= records) return;
  }
}
