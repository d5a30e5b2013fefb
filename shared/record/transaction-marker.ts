/**
 * The control record that ends a transaction in a partition (Kafka, `EndTransactionMarker`):
 *
 *     key   => version:i16 = 0  type:i16 = 0 abort | 1 commit
 *     value => version:i16 = 0  coordinatorEpoch:i32
 */
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { encodeBatch } from "./encode-batch.ts";
import { MalformedBytesError } from "./malformed-bytes-error.ts";
import { type BatchHeader, recordsOf } from "./record-batch.ts";
import { RecordCursor } from "./record-cursor.ts";

/** What a marker says. */
export interface Marker {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly commit: boolean;
}

const version = 0;
const abortType = 0;
const commitType = 1;
/** There is no coordinator that could be put out: who writes a marker is told by the transaction's own item. */
const coordinatorEpoch = 0;
/** As a batch has 16 bits for it. */
export const markerEpochMax = 32_767;
/** Kafka's NO_SEQUENCE: control batches have none. */
export const noSequence = -1;

/** A batch of the one record. @param timestampMs the time of the append */
export function encodeMarker({ producerId, producerEpoch, commit }: Marker, timestampMs: number): Uint8Array {
  const key = new ByteWriter(4);
  key.i16(version);
  key.i16(commit ? commitType : abortType);
  const value = new ByteWriter(6);
  value.i16(version);
  value.i32(coordinatorEpoch);
  const records = [{ key: key.finish(), value: value.finish(), timestamp: timestampMs }];
  const identity = { producerId, producerEpoch, baseSequence: noSequence };
  return encodeBatch({ records, isTransactional: true, isControl: true, ...identity }, () => {
    throw new Error("a marker is not compressed");
  });
}

/**
 * True if the control batch commits, false if it aborts; undefined for a control record of another type.
 *
 * @throws MalformedBytesError
 */
export function isCommit(header: BatchHeader, batch: Uint8Array): boolean | undefined {
  const cursor = new RecordCursor(recordsOf(batch, 0, header), 0);
  cursor.next();
  const key = cursor.key();
  if (key === null) throw new MalformedBytesError("a control record without a key");
  const from = new ByteReader(key);
  from.i16();
  switch (from.i16()) {
    case abortType:
      return false;
    case commitType:
      return true;
    default:
      return undefined;
  }
}
