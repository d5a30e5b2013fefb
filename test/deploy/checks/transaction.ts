/** Transactions: consume, transform and produce, in one call and step by step. */
import {
  CreateTopicCommand,
  ExecuteTransactionCommand,
  FetchCommand,
  GetGroupOffsetsCommand,
  ProduceCommand,
  ProducerFencedError,
} from "../../../client/index.ts";
import type { StreamkeeperClient } from "../../../client/index.ts";
import { clientOf } from "../deployment.ts";
import type { Deployment } from "../deployment.ts";
import { eventually } from "../eventually.ts";
import { check, seconds } from "../report.ts";
import type { Report } from "../report.ts";

const [input, output, group] = ["orders", "invoices", "invoicing"] as const;
const transactionalId = "invoicing-1";
const timeoutMs = 3_000;
/** As for a session's end, and the emulator's once a second and its cold start on top. */
const expiryMsMax = 5_000;

/** @throws CheckFailure */
export async function checkTransaction(deployment: Deployment, report: Report): Promise<void> {
  using client = clientOf(deployment);
  await client.send(new CreateTopicCommand({ name: input, partitions: 1 }));
  await client.send(new CreateTopicCommand({ name: output, partitions: 1 }));
  await client.send(new ProduceCommand({ topic: input, records: ["a", "b", "c", "d"].map((value) => ({ value })) }));
  await inOneCall(client);
  await stepByStep(client);
  await aborted(client);
  report.note("in one call, step by step, aborted, fenced: only what was committed is visible");
  const elapsedMs = await abandoned(client, deployment.signal);
  report.figure("abandoned transaction ended after", `${seconds(elapsedMs)} (its timeout ${seconds(timeoutMs)})`);
}

async function inOneCall(client: StreamkeeperClient): Promise<void> {
  const { records, nextOffset } = await client.send(new FetchCommand({ topic: input, partition: 0, maxRecords: 2 }));
  await client.send(
    new ExecuteTransactionCommand({
      produce: [{ topic: output, records: records.map(({ value }) => ({ value: `invoice ${String(value)}` })) }],
      offsets: [{ group, offsets: [{ topic: input, partition: 0, offset: nextOffset }] }],
    }),
  );
  await expectVisible(client, ["invoice a", "invoice b"], 2);
}

async function stepByStep(client: StreamkeeperClient): Promise<void> {
  await using producer = client.transactionalProducer({ transactionalId });
  const transaction = await producer.begin();
  await transaction.send({ topic: output, records: [{ value: "invoice c" }, { value: "invoice d" }] });
  await transaction.sendOffsets({ group, offsets: [{ topic: input, partition: 0, offset: 4 }] });
  await expectVisible(client, ["invoice a", "invoice b"], 2);
  await transaction.commit();
  await expectVisible(client, ["invoice a", "invoice b", "invoice c", "invoice d"], 4);
}

/** What is aborted is never seen, and who was taken over from can do nothing more. */
async function aborted(client: StreamkeeperClient): Promise<void> {
  await using before = client.transactionalProducer({ transactionalId });
  const left = await before.begin();
  await left.send({ topic: output, records: [{ value: "left open" }] });
  await using after = client.transactionalProducer({ transactionalId });
  const transaction = await after.begin();
  await transaction.send({ topic: output, records: [{ value: "aborted" }] });
  await transaction.sendOffsets({ group, offsets: [{ topic: input, partition: 0, offset: 0 }] });
  await transaction.abort();
  const fenced: unknown = await left.commit().catch((error: unknown) => error);
  check(fenced instanceof ProducerFencedError, `two producers of one transactional id commit: ${String(fenced)}`);
  await expectVisible(client, ["invoice a", "invoice b", "invoice c", "invoice d"], 4);
  const all = await valuesOf(client, "read_uncommitted");
  check(all.includes("aborted") && all.includes("left open"), `what was aborted was never there: ${all.join()}`);
}

/** A transaction whose producer is gone is ended by the service, with nobody asking: by a delayed message. */
async function abandoned(client: StreamkeeperClient, signal: AbortSignal): Promise<number> {
  const begunMs = performance.now();
  const gone = client.transactionalProducer({ transactionalId: "gone", transactionTimeoutMs: timeoutMs });
  const transaction = await gone.begin();
  await transaction.send({ topic: output, records: [{ value: "abandoned" }] });
  const { offset } = (await client.send(new ProduceCommand({ topic: output, records: [{ value: "behind it" }] })))
    .results[0] as { readonly offset: number };
  await eventually("the transaction is ended", timeoutMs + expiryMsMax, signal, async () => {
    const { lastStableOffset } = await client.send(new FetchCommand({ topic: output, partition: 0, offset: "latest" }));
    return lastStableOffset > offset ? true : undefined;
  });
  const elapsedMs = performance.now() - begunMs;
  await expectVisible(client, ["invoice a", "invoice b", "invoice c", "invoice d", "behind it"], 4);
  return elapsedMs;
}

async function expectVisible(client: StreamkeeperClient, values: readonly string[], offset: number): Promise<void> {
  const visible = await valuesOf(client, "read_committed");
  check(visible.join() === values.join(), `visible are ${visible.join()} and not ${values.join()}`);
  const { offsets } = await client.send(new GetGroupOffsetsCommand({ group }));
  check(offsets[0]?.offset === offset, `committed is ${JSON.stringify(offsets)} and not ${offset}`);
}

async function valuesOf(
  client: StreamkeeperClient,
  isolation: "read_committed" | "read_uncommitted",
): Promise<readonly string[]> {
  const values: string[] = [];
  const reader = client.readPartition({ topic: output, partition: 0, isolation, stopAtEnd: true });
  for await (const { value } of reader) values.push(Buffer.from(value ?? []).toString());
  return values;
}
