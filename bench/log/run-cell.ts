import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CellName } from "./cells.ts";
import { measure } from "./measure.ts";
import type { Measurement } from "./measure.ts";
import { runRawCell } from "./raw-ceiling.ts";
import { sampleBatch } from "./sample-batch.ts";
import type { SampleBatch } from "./sample-batch.ts";
import { httpSubject, inProcessSubject } from "./subjects.ts";
import type { Subject } from "./subjects.ts";

export interface RunOptions {
  readonly seconds: number;
  readonly recordBytes: number;
  /** The disk that is measured. */
  readonly folder: string;
}

/** What each partition holds before it is read: more than one answer, little enough to be written quickly. */
const preparedBytes = 64 * 1024 * 1024;
const preparedBatchesMax = 4_000;
const topic = "bench";

/** Measures one cell in a folder of its own, which is gone afterwards. */
export async function runCell(cell: CellName, options: RunOptions): Promise<Measurement> {
  const folder = await mkdtemp(join(options.folder, "streamkeeper-bench-"));
  try {
    const batch = sampleBatch(cell.batchBytes, options.recordBytes);
    if (cell.path === "lmdb" || cell.path === "file")
      return await runRawCell(cell, options.seconds, folder, batch.bytes);
    await using subject = await (cell.path === "http"
      ? httpSubject(folder, cell.connections)
      : inProcessSubject(folder));
    // Each connection has a partition, as each of a group's members would.
    await subject.createTopic(topic, cell.connections);
    if (cell.operation === "produce") return await produce(subject, cell, batch, options.seconds);
    return await fetchAgain(subject, cell, batch, options.seconds);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function produce(subject: Subject, cell: CellName, batch: SampleBatch, seconds: number): Promise<Measurement> {
  return measure({ seconds, concurrency: cell.connections, cpuMs: subject.cpuMs }, async (partition) => {
    await subject.produce(topic, partition, batch.bytes);
    return { records: batch.records, bytes: batch.bytes.length };
  });
}

/** Reads from the beginning to the end, and again. */
async function fetchAgain(subject: Subject, cell: CellName, batch: SampleBatch, seconds: number): Promise<Measurement> {
  const { connections } = cell;
  const batches = Math.min(preparedBatchesMax, Math.ceil(preparedBytes / batch.bytes.length / connections));
  const prepare = async (partition: number): Promise<void> => {
    for (let index = 0; index < batches; index += 1) await subject.produce(topic, partition, batch.bytes);
  };
  await Promise.all(Array.from({ length: connections }, (_, partition) => prepare(partition)));
  const offsets = Array.from({ length: connections }, () => 0);
  return measure({ seconds, concurrency: connections, cpuMs: subject.cpuMs }, async (partition) => {
    const offset = offsets[partition] ?? 0;
    const { bytes, nextOffset, highWatermark } = await subject.fetch(topic, partition, offset);
    if (nextOffset <= offset) throw new Error(`nothing at offset ${offset} of partition ${partition}`);
    offsets[partition] = nextOffset >= highWatermark ? 0 : nextOffset;
    return { records: nextOffset - offset, bytes };
  });
}
