/**
 * A process that consumes, transforms and produces, exactly once: what it makes of a batch of records and how far it has read
 * are one transaction, or one call. Killed from outside, at any moment; on any failure it ends itself, and is started anew.
 *
 *     node transforming-client.ts <endpoint> <input> <output> <group> <transactional id> <transaction|one call>
 */
import { ExecuteTransactionCommand, StreamkeeperClient } from "../../client/index.ts";
import { transformed } from "./transformation.ts";

const [, , endpoint = "", input = "", output = "", group = "", transactionalId = "", form = ""] = process.argv;
const client = new StreamkeeperClient({ endpoint, maxAttempts: 20 });
const producer = client.transactionalProducer({ transactionalId, transactionTimeoutMs: 5_000 });
const consumer = client.consumer({
  group,
  topics: [input],
  from: "earliest",
  sessionTimeoutMs: 3_000,
  autoCommit: false,
  maxBytes: 20_000,
  waitMs: 500,
});

try {
  for await (const { topic, partition, records } of consumer.batches()) {
    const last = records.at(-1);
    if (last === undefined) continue;
    const produced = records.map(({ key, value, offset }) => ({ key, value: transformed(value, partition, offset) }));
    const offsets = [{ topic, partition, offset: last.offset + 1 }];
    if (form === "one call") {
      const read = [{ ...consumer.membership, offsets }];
      await client.send(
        new ExecuteTransactionCommand({ produce: [{ topic: output, records: produced }], offsets: read }),
      );
    } else {
      await producer.run(async (transaction) => {
        await transaction.send({ topic: output, records: produced });
        await transaction.sendOffsets({ ...consumer.membership, offsets });
      });
    }
    process.stdout.write(`did ${records.length}\n`);
  }
} catch (error) {
  // Whether the last step counts is not known: only who begins at what the group has committed goes on rightly.
  process.stdout.write(`failed ${String(error).split("\n")[0]}\n`);
  process.exit(1);
}
