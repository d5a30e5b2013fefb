import fc from "fast-check";
import { compressionTypes } from "../../../shared/record/compression-type.ts";
import type { BatchInput, RecordInput } from "../../../shared/record/encode-batch.ts";

const timeMax = 4_000_000_000_000;

const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 80 }) },
  fc.uint8Array({ minLength: 100, maxLength: 3_000 }),
  // Runs that compress, and that cross LZ4's and Snappy's blocks.
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 5_000 }))
    .map(([part, times]) =>
      Uint8Array.from({ length: part.length * times }, (_, index) => part[index % part.length] ?? 0),
    ),
);

const header = fc.record({
  key: fc.string({ unit: "grapheme", maxLength: 20 }),
  value: fc.option(fc.uint8Array({ maxLength: 40 })),
});

/** Any record of a batch. */
export const anyRecord: fc.Arbitrary<RecordInput> = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(header, { maxLength: 4 }),
  timestamp: fc.integer({ min: 0, max: timeMax }),
});

/** Any batch that a producer may send. */
export const anyProducedBatch: fc.Arbitrary<BatchInput> = fc
  .record({
    records: fc.array(anyRecord, { minLength: 1, maxLength: 12 }),
    compressionType: fc.constantFrom(...compressionTypes),
    producer: fc.option(
      fc.record({
        producerId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        producerEpoch: fc.integer({ min: 0, max: 32_767 }),
        baseSequence: fc.integer({ min: 0, max: 2_147_483_647 }),
        isTransactional: fc.boolean(),
      }),
    ),
  })
  .map(({ producer, ...batch }) => ({ ...batch, ...producer }));
