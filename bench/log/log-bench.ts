import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CellName, Path } from "./cells.ts";
import { measure } from "./measure.ts";
import type { Measurement } from "./measure.ts";
import { runRawCell } from "./raw-ceiling.ts";
import { sampleBatch } from "./sample-batch.ts";
import type { SampleBatch } from "./sample-batch.ts";
import { httpSubject, inProcessSubject } from "./subjects.ts";
import type { Subject } from "./subjects.ts";

export interface LogBenchOptions {
  readonly seconds: number;
  readonly recordBytes: number;
  /** The disk that is measured. */
  readonly folder: string;
}

/** What each partition holds before it is read: more than one answer, little enough to be written quickly. */
const preparedBytes = 64 * 1024 * 1024;
const preparedBatchesMax = 4_000;

/**
 * Measures cells. Those of one path that follow each other share a server, each with a topic of its own, so that the
 * server's code is compiled but for the first; the data are gone afterwards.
 */
export class LogBench implements AsyncDisposable {
  readonly #options: LogBenchOptions;
  #open: { readonly path: Path; readonly subject: Subject; readonly folder: string } | undefined;
  #topics = 0;

  constructor(options: LogBenchOptions) {
    this.#options = options;
  }

  /** Measures one cell. */
  async run(cell: CellName): Promise<Measurement> {
    const { seconds, recordBytes } = this.#options;
    const batch = sampleBatch(cell.batchBytes, recordBytes);
    if (cell.path === "lmdb" || cell.path === "file") {
      await this.#close();
      return this.#inFolder((folder) => runRawCell(cell, seconds, folder, batch.bytes));
    }
    const subject = await this.#subjectOf(cell.path);
    this.#topics += 1;
    const topic = `bench-${this.#topics}`;
    // Each connection has a partition, as each of a group's members would.
    await subject.createTopic(topic, cell.connections);
    try {
      const work = { subject, topic, batch, seconds, connections: cell.connections };
      return await (cell.operation === "produce" ? produce(work) : fetchAgain(work));
    } finally {
      await subject.deleteTopic(topic);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #subjectOf(path: "process" | "http"): Promise<Subject> {
    if (this.#open?.path === path) return this.#open.subject;
    await this.#close();
    const folder = await this.#newFolder();
    const subject = await (path === "http" ? httpSubject(folder) : inProcessSubject(folder));
    this.#open = { path, subject, folder };
    return subject;
  }

  async #close(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    await open.subject[Symbol.asyncDispose]();
    await rm(open.folder, { recursive: true, force: true });
  }

  async #inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
    const folder = await this.#newFolder();
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  #newFolder(): Promise<string> {
    return mkdtemp(join(this.#options.folder, "streamkeeper-bench-"));
  }
}

interface Work {
  readonly subject: Subject;
  readonly topic: string;
  readonly batch: SampleBatch;
  readonly seconds: number;
  readonly connections: number;
}

function produce({ subject, topic, batch, seconds, connections }: Work): Promise<Measurement> {
  return measure({ seconds, concurrency: connections, cpuMs: subject.cpuMs }, async (partition) => {
    await subject.produce(topic, partition, batch.bytes);
    return { records: batch.records, bytes: batch.bytes.length };
  });
}

/** Reads from the beginning to the end, and again. */
async function fetchAgain({ subject, topic, batch, seconds, connections }: Work): Promise<Measurement> {
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
