/**
 * Two consumers of one group share four partitions; one leaves, and the other takes over without losing a record.
 * Start a server (`npm start`), then: npx node examples/consumer-group.ts
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CreateTopicCommand, GetGroupOffsetsCommand, StreamkeeperClient } from "../client/index.ts";
import type { Consumer } from "../client/index.ts";

const endpoint = process.env["STREAMKEEPER_ENDPOINT"] ?? "http://127.0.0.1:8080";
const topic = `orders-${Date.now()}`;
const group = `billing-${Date.now()}`;
const ordersCount = 200;

const client = new StreamkeeperClient({ endpoint });
await client.send(new CreateTopicCommand({ name: topic, partitions: 4 }));

const billed = new Set<string>();

async function startBilling(name: string): Promise<Consumer> {
  const consumer = client.consumer({
    group,
    topics: [topic],
    from: "earliest",
    clientId: name,
    onAssigned: (partitions) => console.log(name, "gets", JSON.stringify(partitions)),
    onRevoked: (partitions) => console.log(name, "gives up", JSON.stringify(partitions)),
  });
  await consumer.run({
    partitionsConsumedConcurrently: 2,
    // An order counts as done when this resolves; if it throws, it is called again with the same one.
    eachRecord: async ({ record }) => {
      await sleep(5);
      billed.add(new TextDecoder().decode(record.value ?? undefined));
    },
  });
  return consumer;
}

const first = await startBilling("first");
const second = await startBilling("second");
// The first finishes what it has at work before the second gets its share.
while (second.assignment.length === 0) await sleep(50);

await using producer = client.producer({ topic });
for (let order = 0; order < ordersCount; order += 1) {
  await producer.enqueue({ key: `customer-${order % 20}`, value: `order-${order}` });
}
await producer.flush();

// Finishes the order at work, commits, and leaves: the other goes on behind it.
await second.close();
while (billed.size < ordersCount) await sleep(50);
await first.close();

const { offsets } = await client.send(new GetGroupOffsetsCommand({ group }));
console.log(`${billed.size} orders billed; left in the log: ${offsets.reduce((sum, { lag }) => sum + lag, 0)}`);
await producer.close();
client.destroy();
