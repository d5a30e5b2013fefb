/**
 * Produces three records and reads them back. Start a server (`npm start`), then: npx node examples/produce-and-read.ts
 */
import { CreateTopicCommand, Producer, StreamkeeperClient } from "../client/index.ts";

const endpoint = process.env["STREAMKEEPER_ENDPOINT"] ?? "http://127.0.0.1:8080";
const topic = `orders-${Date.now()}`;

const client = new StreamkeeperClient({ endpoint });
await client.send(new CreateTopicCommand({ name: topic, partitions: 1 }));

const producer = new Producer(client, { topic, compressionType: "zstd" });
const acknowledged = await Promise.all(
  ["first", "second", "third"].map((value) => producer.send({ key: "alice", value })),
);
await producer.close();
console.log("acknowledged offsets", acknowledged.map(({ offset }) => offset).join(", "));

for await (const record of client.readPartition({ topic, partition: 0, stopAtEnd: true })) {
  console.log(record.offset, new TextDecoder().decode(record.value ?? undefined));
}
