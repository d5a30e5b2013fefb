/** What a client produces in the scenario `codecs`, and how it is found in a topic. */
import { expect } from "vitest";
import { FetchBatchesCommand, StreamkeeperClient } from "../../../client/index.ts";
import { compressionTypes } from "../../../shared/record/compression-type.ts";
import { readBatchHeader } from "../../../shared/record/record-batch.ts";
import type { Report, SeenRecord } from "./peer-program.ts";

const baseTimestampMs = 1_700_000_000_000;
const recordsPerCodec = 20;
const partitions = 3;
const valueCharacters = 300;

type Place = (key: string, partitions: number) => number;
/** All but where it is. */
type Produced = Omit<SeenRecord, "offset"> & { readonly codec: string };

function produced(partitionOf: Place): Produced[] {
  const usual = compressionTypes.flatMap((codec) =>
    Array.from({ length: recordsPerCodec }, (_, index) => {
      const key = `${codec}-${index}`;
      return {
        codec,
        partition: partitionOf(key, partitions),
        key,
        value: `${codec} ${index} ${"0123456789".repeat(30)}`.slice(0, valueCharacters),
        headers: { codec },
        timestamp: baseTimestampMs + index,
      };
    }),
  );
  const unusual = { codec: "none", headers: {}, timestamp: baseTimestampMs };
  return [
    ...usual,
    { ...unusual, partition: partitionOf("tombstone", partitions), key: "tombstone", value: null },
    { ...unusual, partition: 0, key: null, value: "" },
  ];
}

/** Each record is where its key belongs, in order, at the offset that its producer was told, and as it was produced. */
export function checkCodecs({ delivered, records }: Report, partitionOf: Place): void {
  const expected = inPartitions(produced(partitionOf));
  const offsets = inPartitions(delivered).map((answers) => answers.toSorted((a, b) => a.offset - b.offset));
  const seen = inPartitions(records);
  for (const [partition, those] of expected.entries()) {
    expect(offsets[partition]).toEqual(
      those.map(({ key, codec }, offset) => ({ key: key ?? "", codec, partition, offset })),
    );
    expect(seen[partition]).toEqual(those.map((record, offset) => withoutCodec(record, offset)));
  }
}

function withoutCodec({ partition, key, value, headers, timestamp }: Produced, offset: number): SeenRecord {
  return { partition, offset, key, value, headers, timestamp };
}

/** The same records by our HTTP API, and each batch compressed as its producer was asked to. */
export async function checkCodecsByHttp(url: string, topic: string, { records }: Report): Promise<void> {
  const client = new StreamkeeperClient({ endpoint: url });
  const seen: SeenRecord[] = [];
  const codecs = new Set<string>();
  for (let partition = 0; partition < partitions; partition += 1) {
    for await (const record of client.readPartition({ topic, partition, stopAtEnd: true })) {
      seen.push({
        partition,
        offset: record.offset,
        key: textOf(record.key),
        value: textOf(record.value),
        headers: Object.fromEntries(record.headers.map(({ key, value }) => [key, textOf(value)])),
        timestamp: record.timestamp,
      });
    }
    for (const codec of await codecsOf(client, topic, partition)) codecs.add(codec);
  }
  expect(inPartitions(seen)).toEqual(inPartitions(records));
  expect([...codecs].toSorted()).toEqual([...compressionTypes].toSorted());
}

/** How each batch is compressed: a client that falls back to none would go unnoticed otherwise. */
export async function codecsOf(client: StreamkeeperClient, topic: string, partition: number): Promise<string[]> {
  const { batches } = await client.send(new FetchBatchesCommand({ topic, partition, offset: 0 }));
  const found: string[] = [];
  for (let at = 0; at < batches.length;) {
    const header = readBatchHeader(batches, at);
    found.push(header.compressionType);
    at += header.sizeBytes;
  }
  return found;
}

function inPartitions<Item extends { readonly partition: number }>(items: readonly Item[]): Item[][] {
  return Array.from({ length: partitions }, (_, partition) => items.filter((item) => item.partition === partition));
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes);
}
