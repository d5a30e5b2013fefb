/** The next release is deployed in place, while a producer, readers and a session go on. */
import { setTimeout as sleep } from "node:timers/promises";
import { CreateTopicCommand, CreateZnodeCommand, GetZnodeCommand, HealthCommand } from "../../../client/index.ts";
import type { Middleware, StreamkeeperClient } from "../../../client/index.ts";
import { releaseHeader } from "../changed-sources.ts";
import { clientOf } from "../deployment.ts";
import type { Deployment } from "../deployment.ts";
import { eventually } from "../eventually.ts";
import { check, seconds } from "../report.ts";
import type { Report } from "../report.ts";

const topic = "upgrade";
const partitions = 2;
const recordEveryMs = 20;
/** How long the load goes on before and after. */
const marginMs = 3_000;
const catchUpMsMax = 30_000;
/** Long enough for a machine that is busy with the deployment. */
const sessionTimeoutMs = 30_000;

interface Acknowledged {
  readonly value: string;
  readonly partition: number;
  readonly offset: number;
}

interface Answers {
  old: number;
  next: number;
}

/** @param deployNext deploys the next release in place */
export async function checkUpgrade(
  deployment: Deployment,
  report: Report,
  deployNext: () => Promise<unknown>,
): Promise<void> {
  using client = clientOf(deployment);
  const answers = countAnswers(client);
  await client.send(new CreateTopicCommand({ name: topic, partitions }));
  await using session = await client.session({ timeoutMs: sessionTimeoutMs });
  const path = "/upgrade";
  await client.send(new CreateZnodeCommand({ ...session.caller, path, mode: "ephemeral", data: "before" }));

  const load = startLoad(client, deployment.signal);
  try {
    await sleep(marginMs, undefined, { signal: deployment.signal });
    const startedMs = performance.now();
    await deployNext();
    report.figure("deployed in place in", seconds(performance.now() - startedMs));
    await sleep(marginMs, undefined, { signal: deployment.signal });
  } finally {
    load.stop();
  }
  const acknowledged = await load.acknowledged;
  try {
    await expectRead(acknowledged, load.read, deployment.signal);
  } finally {
    await load.stopReading();
  }
  report.figure("records acknowledged, and read once, in order", String(acknowledged.length));
  check(!session.signal.aborted, `a session ends: ${String(session.signal.reason)}`);
  const { data } = await client.send(new GetZnodeCommand({ path }));
  check(data === "before", `an ephemeral of a session that lives is not as it was: ${String(data)}`);

  check(answers.old > 0 && answers.next > 0, `answers of the old and the next release: ${JSON.stringify(answers)}`);
  report.figure("answers of the old release, of the next", `${answers.old}, ${answers.next}`);
  const { old } = answers;
  await client.send(new HealthCommand({}));
  check(answers.old === old, "the old release still answers");
}

/** Counts the answers by the release that they come from. */
function countAnswers(client: StreamkeeperClient): Answers {
  const answers = { old: 0, next: 0 };
  const count: Middleware = (next) => async (handlerArguments) => {
    const result = await next(handlerArguments);
    answers[result.response.headers[releaseHeader] === "next" ? "next" : "old"] += 1;
    return result;
  };
  client.middlewareStack.add(count, { step: "deserialize", name: "countReleases" });
  return answers;
}

interface Load {
  /** The producer ends. */
  stop(): void;
  /** Resolves when no reader asks any longer. */
  stopReading(): Promise<void>;
  /** All of them; a record that failed rejects it. */
  readonly acknowledged: Promise<readonly Acknowledged[]>;
  /** What was read of each partition so far, in its order. */
  readonly read: readonly (readonly Acknowledged[])[];
}

function startLoad(client: StreamkeeperClient, signal: AbortSignal): Load {
  const producing = new AbortController();
  const reading = new AbortController();
  const read = Array.from({ length: partitions }, (): Acknowledged[] => []);
  const acknowledged = produce(client, AbortSignal.any([signal, producing.signal]));
  acknowledged.catch(() => undefined);
  const readers = read.map((records, partition) =>
    readAll(client, partition, records, AbortSignal.any([signal, reading.signal])).catch(() => undefined),
  );
  const stopReading = async (): Promise<void> => {
    reading.abort();
    await Promise.all(readers);
  };
  return { stop: () => producing.abort(), stopReading, acknowledged, read };
}

async function produce(client: StreamkeeperClient, stopped: AbortSignal): Promise<readonly Acknowledged[]> {
  await using producer = client.producer({ topic });
  const sent: Promise<Acknowledged>[] = [];
  while (!stopped.aborted) {
    const value = String(sent.length);
    const record = { key: value, value };
    const acknowledgement = producer.send(record).then(({ partition, offset }) => ({ value, partition, offset }));
    acknowledgement.catch(() => undefined);
    sent.push(acknowledgement);
    await sleep(recordEveryMs);
  }
  return await Promise.all(sent);
}

async function readAll(
  client: StreamkeeperClient,
  partition: number,
  records: Acknowledged[],
  signal: AbortSignal,
): Promise<void> {
  for await (const { offset, value } of client.readPartition({ topic, partition, waitMs: 5_000, signal })) {
    records.push({ partition, offset, value: Buffer.from(value ?? []).toString() });
  }
}

/** @throws CheckFailure if what was read is not exactly what was acknowledged, in the order of sending */
async function expectRead(
  acknowledged: readonly Acknowledged[],
  read: Load["read"],
  signal: AbortSignal,
): Promise<void> {
  await eventually("the readers catch up", catchUpMsMax, signal, () => {
    const count = read.reduce((sum, records) => sum + records.length, 0);
    return count >= acknowledged.length ? true : undefined;
  });
  for (const [partition, records] of read.entries()) {
    const expected = acknowledged.filter((record) => record.partition === partition);
    const wrong = expected.findIndex(
      ({ value, offset }, index) => records[index]?.value !== value || records[index].offset !== offset,
    );
    check(
      wrong < 0 && records.length === expected.length,
      `partition ${partition}: ${records.length} records were read of ${expected.length} acknowledged; ` +
        `differs first at ${wrong}: ${JSON.stringify(records[wrong])} was read, acknowledged ${JSON.stringify(expected[wrong])}`,
    );
  }
}
