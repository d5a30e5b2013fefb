/** A consumer group that grows to two members and shrinks to one again. */
import { CreateTopicCommand, GetGroupOffsetsCommand } from "../../../client/index.ts";
import type { Consumer, StreamkeeperClient } from "../../../client/index.ts";
import { clientOf } from "../deployment.ts";
import type { Deployment } from "../deployment.ts";
import { eventually } from "../eventually.ts";
import { check, seconds } from "../report.ts";
import type { Report } from "../report.ts";

const topic = "group";
const group = "readers";
const partitions = 4;
const recordsPerRound = 200;
const waitMsMax = 45_000;

interface Member {
  readonly consumer: Consumer;
  /** Values, in the order in which they were handed out. */
  readonly values: string[];
}

/** @throws CheckFailure */
export async function checkGroup(deployment: Deployment, report: Report): Promise<void> {
  const { signal } = deployment;
  using client = clientOf(deployment);
  await client.send(new CreateTopicCommand({ name: topic, partitions }));
  await using first = await join(client);
  await owns([first], [partitions], signal);
  await round(client, [first], 1, signal);

  const joinedMs = performance.now();
  await using second = await join(client);
  await owns([first, second], [partitions / 2, partitions / 2], signal);
  report.figure("rebalanced for the second member in", seconds(performance.now() - joinedMs));
  await round(client, [first, second], 2, signal);
  check(first.values.length > recordsPerRound && second.values.length > 0, "one of two members reads nothing");

  const leftMs = performance.now();
  await second.consumer.close();
  await owns([first], [partitions], signal);
  report.figure("rebalanced after it left in", seconds(performance.now() - leftMs));
  await round(client, [first, second], 3, signal);

  await first.consumer.close();
  const values = [...first.values, ...second.values];
  check(new Set(values).size === values.length, "records were handed out twice though nobody was lost");
  const { offsets } = await client.send(new GetGroupOffsetsCommand({ group }));
  const committed = offsets.reduce((sum, { offset }) => sum + (offset ?? 0), 0);
  report.figure(
    "read, and committed offsets",
    `${values.length} records, ${committed} in ${offsets.length} partitions`,
  );
  check(committed === values.length, `committed offsets amount to ${committed} of ${values.length}`);
  check(
    offsets.every(({ lag }) => lag === 0),
    `the group lags behind: ${JSON.stringify(offsets)}`,
  );
}

async function join(client: StreamkeeperClient): Promise<Member & AsyncDisposable> {
  const values: string[] = [];
  const consumer = client.consumer({
    group,
    topics: [topic],
    from: "earliest",
    sessionTimeoutMs: 10_000,
    waitMs: 2_000,
  });
  await consumer.run({
    eachRecord: ({ record }) => {
      values.push(Buffer.from(record.value ?? []).toString());
    },
  });
  return { consumer, values, [Symbol.asyncDispose]: () => consumer.close() };
}

/** Waits until the members own so many partitions each. */
async function owns(members: readonly Member[], counts: readonly number[], signal: AbortSignal): Promise<void> {
  await eventually(`the members own ${counts.join(" and ")} partitions`, waitMsMax, signal, () => {
    const owned = members.map(({ consumer }) =>
      consumer.assignment.reduce((sum, { partitions: some }) => sum + some.length, 0),
    );
    return owned.join() === counts.join() ? true : undefined;
  });
}

/** Produces to all partitions, and waits until it has all been read. */
async function round(
  client: StreamkeeperClient,
  members: readonly Member[],
  number: number,
  signal: AbortSignal,
): Promise<void> {
  await using producer = client.producer({ topic, signal });
  const sent = Array.from({ length: recordsPerRound }, (_, index) => `${number}:${index}`);
  for (const value of sent) await producer.enqueue({ key: value, value });
  await producer.flush();
  await eventually(`round ${number} is read`, waitMsMax, signal, () => {
    const read = new Set(members.flatMap(({ values }) => values));
    return sent.every((value) => read.has(value)) ? true : undefined;
  });
}
