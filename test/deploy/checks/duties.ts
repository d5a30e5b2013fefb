/** What nobody asks for over HTTP: a partition's records become segments in S3, by way of the queue. */
import { randomBytes } from "node:crypto";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { CreateTopicCommand } from "../../../client/index.ts";
import type { StreamkeeperClient } from "../../../client/index.ts";
import { toldBy } from "../deployed-functions.ts";
import { clientOf } from "../deployment.ts";
import type { Deployment } from "../deployment.ts";
import { administrator, emulatedRegion } from "../emulator.ts";
import { eventually } from "../eventually.ts";
import { check, seconds } from "../report.ts";
import type { Report } from "../report.ts";

const topic = "sealed";
/** The smallest that there is. */
const segmentBytes = 1_048_576;
const recordBytes = 65_536;
const records = 64;
const sealMsMax = 45_000;

/** @throws CheckFailure */
export async function checkDuties(deployment: Deployment, report: Report): Promise<void> {
  using client = clientOf(deployment);
  const config = { "segment.bytes": String(segmentBytes) };
  const { topicId } = await client.send(new CreateTopicCommand({ name: topic, partitions: 1, config }));
  const values = Array.from({ length: records }, () => randomBytes(recordBytes));
  await produce(client, values, deployment.signal);
  const producedMs = performance.now();

  const bucket = await toldBy(deployment, "STREAMKEEPER_BUCKET");
  const { url: endpoint } = deployment.emulator;
  const s3 = new S3Client({ endpoint, region: emulatedRegion, credentials: administrator, forcePathStyle: true });
  try {
    const sizes = await eventually("segments are in the bucket", sealMsMax, deployment.signal, async () => {
      const prefix = `segments/${topicId}/0/`;
      const { Contents: blobs = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
      const found = blobs.filter(({ Key: key }) => key?.endsWith(".log") === true).map(({ Size: size = 0 }) => size);
      const total = found.reduce((sum, size) => sum + size, 0);
      return total > (records * recordBytes) / 2 ? found : undefined;
    });
    const total = sizes.reduce((sum, size) => sum + size, 0);
    report.figure(
      "sealed, after the last record",
      `${sizes.length} segments, ${total} of ${records * recordBytes} bytes, ${seconds(performance.now() - producedMs)}`,
    );
  } finally {
    s3.destroy();
  }
  let count = 0;
  for await (const { value } of client.readPartition({ topic, partition: 0, stopAtEnd: true })) {
    check(values[count]?.equals(value ?? Buffer.alloc(0)) === true, `record ${count} is not as it was sent`);
    count += 1;
  }
  check(count === records, `${count} of ${records} records are there`);
}

async function produce(client: StreamkeeperClient, values: readonly Buffer[], signal: AbortSignal): Promise<void> {
  await using producer = client.producer({ topic, signal });
  for (const value of values) await producer.enqueue({ value });
  await producer.flush();
}
