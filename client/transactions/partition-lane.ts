import { compress } from "../../shared/compression/compression.ts";
import { batchRecordsMax } from "../../shared/limits.ts";
import type { CompressionType } from "../../shared/record/compression-type.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import { batchHeaderBytes } from "../../shared/record/record-batch.ts";
import type { ProduceBatchesOutput } from "../commands/produce-batches-command.ts";
import type { EncodedRecord } from "../producer/encode-record.ts";

/** Who writes, and how. */
export interface BatchIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly compressionType: CompressionType;
  readonly batchBytes: number;
}

type SendBatch = (batches: Uint8Array) => Promise<ProduceBatchesOutput>;

/** What one transaction writes to one partition: batch after batch, numbered from 0. */
export class PartitionLane {
  readonly #identity: BatchIdentity;
  #nextSequence = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(identity: BatchIdentity) {
    this.#identity = identity;
  }

  /** Answers where each record stands, in order. A batch that fails takes those behind it along. */
  write(records: readonly EncodedRecord[], send: SendBatch): Promise<readonly number[]> {
    const written = this.#tail.then(async () => {
      const offsets: number[] = [];
      for (const batch of this.#split(records)) offsets.push(...(await this.#writeBatch(batch, send)));
      return offsets;
    });
    this.#tail = written;
    // Whoever wrote is told; the lane as a whole fails with what comes next.
    written.catch(() => undefined);
    return written;
  }

  async #writeBatch(batch: readonly EncodedRecord[], send: SendBatch): Promise<readonly number[]> {
    const { producerId, producerEpoch, compressionType } = this.#identity;
    const records = batch.map(({ record }) => record);
    const baseSequence = this.#nextSequence;
    const transaction = { producerId, producerEpoch, baseSequence, isTransactional: true };
    const bytes = encodeBatch({ records, compressionType, ...transaction }, compress);
    const { baseOffset } = await send(bytes);
    this.#nextSequence += batch.length;
    return batch.map((_, index) => baseOffset + index);
  }

  *#split(records: readonly EncodedRecord[]): Generator<readonly EncodedRecord[]> {
    let batch: EncodedRecord[] = [];
    let bytes = batchHeaderBytes;
    for (const record of records) {
      const isFull = bytes + record.sizeBytes > this.#identity.batchBytes || batch.length === batchRecordsMax;
      if (isFull && batch.length > 0) {
        yield batch;
        batch = [];
        bytes = batchHeaderBytes;
      }
      batch.push(record);
      bytes += record.sizeBytes;
    }
    if (batch.length > 0) yield batch;
  }
}
