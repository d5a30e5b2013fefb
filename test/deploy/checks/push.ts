/** A reader that has nothing to read waits without a request, and is told when there is something. */
import { setTimeout as sleep } from "node:timers/promises";
import { CreateTopicCommand, ProduceCommand } from "../../../client/index.ts";
import type { Middleware, StreamkeeperClient } from "../../../client/index.ts";
import { clientOf } from "../deployment.ts";
import type { Deployment } from "../deployment.ts";
import { eventually } from "../eventually.ts";
import { check } from "../report.ts";
import type { Report } from "../report.ts";

const topic = "push";
/** Longest poll: after an empty one the reader asks to be told. */
const waitMs = 2_000;
/** Until it has connected, has subscribed, and has looked once more. */
const settleMs = 12_000;
const quietMs = 12_000;
/** Well below the time after which a reader looks by itself. */
const hintMsMax = 5_000;

interface Fetches {
  begun: number;
  underWay: number;
}

/** @throws CheckFailure */
export async function checkPush(deployment: Deployment, report: Report): Promise<void> {
  const { signal } = deployment;
  using client = clientOf(deployment);
  using producer = clientOf(deployment);
  const fetches = countFetches(client);
  await client.send(new CreateTopicCommand({ name: topic, partitions: 1 }));
  const reading = new AbortController();
  const values: string[] = [];
  const reader = readAll(client, values, AbortSignal.any([signal, reading.signal]));
  reader.catch(() => undefined);
  try {
    const send = async (value: string): Promise<number> => {
      const sentMs = performance.now();
      await producer.send(new ProduceCommand({ topic, records: [{ value }] }));
      await eventually(`"${value}" is read`, hintMsMax, signal, () => (values.includes(value) ? true : undefined));
      return performance.now() - sentMs;
    };
    await send("first");
    await sleep(settleMs, undefined, { signal });
    check(fetches.underWay === 0, "the reader polls: it has not been told where to connect for hints, or could not");
    const { begun } = fetches;
    await sleep(quietMs, undefined, { signal });
    report.figure(`fetches in ${quietMs / 1_000} s without records`, String(fetches.begun - begun));
    check(fetches.begun === begun, "the reader asks though nobody has told it of anything");
    const elapsedMs = await send("second");
    report.figure("read after it was sent, by way of a hint", `${elapsedMs.toFixed(0)} ms`);
  } finally {
    reading.abort();
    await reader.catch(() => undefined);
  }
}

function countFetches(client: StreamkeeperClient): Fetches {
  const fetches = { begun: 0, underWay: 0 };
  const count: Middleware =
    (next, { commandName }) =>
    async (handlerArguments) => {
      if (!commandName.startsWith("Fetch")) return await next(handlerArguments);
      fetches.begun += 1;
      fetches.underWay += 1;
      try {
        return await next(handlerArguments);
      } finally {
        fetches.underWay -= 1;
      }
    };
  client.middlewareStack.add(count, { step: "initialize", name: "countFetches" });
  return fetches;
}

async function readAll(client: StreamkeeperClient, values: string[], signal: AbortSignal): Promise<void> {
  for await (const { value } of client.readPartition({ topic, partition: 0, waitMs, signal })) {
    values.push(Buffer.from(value ?? []).toString());
  }
}
