/** Many writers on one partition of an emulated AWS, spread over processes that know nothing of each other. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { decodeRecords } from "../../shared/record/decode-records.ts";
import { readBatchHeader, recordsOf } from "../../shared/record/record-batch.ts";
import { PartitionReader } from "../../shared/partition/partition-reader.ts";
import type { PartitionName } from "../../shared/partition/recover-partition.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { createEmulatedResources, openEmulatedStorage } from "../emulators/emulated-storage.ts";
import type { Emulators } from "../emulators/emulators.ts";
import { type FaultProxy, startFaultProxy } from "../emulators/fault-proxy.ts";
import type { ContenderPlan, ContenderReport } from "./contender.ts";
import type { ProcessReport, ProcessTask } from "./contender-process.ts";

export interface ContentionOptions {
  readonly emulators: Emulators;
  readonly plans: readonly ContenderPlan[];
  readonly processes: number;
}

export interface ContentionResult {
  readonly reports: readonly ContenderReport[];
  /** All that can be read at the end. */
  readonly log: readonly (readonly [offset: number, value: string])[];
  readonly lostAnswers: number;
}

/** How often an answer from DynamoDB is lost. */
const lossEveryMs = 60;

export async function contention({ emulators, plans, processes }: ContentionOptions): Promise<ContentionResult> {
  const environment = createNodeEnvironment();
  const resources = await createEmulatedResources(emulators, environment, "contention");
  const { dutyQueueUrl: _, ...names } = resources;
  const partition = { topicId: environment.random.id(), partition: 0 };
  const proxy = await startFaultProxy(emulators.endpoints.dynamodb);
  try {
    const tasks = Array.from({ length: processes }, (_, index) => ({
      endpoints: emulators.endpoints,
      lossyDynamodb: proxy.endpoint,
      names,
      partition,
      plans: plans.filter((_, plan) => plan % processes === index),
    }));
    const reports = await losingAnswers(proxy, async () => await runAll(tasks));
    const storage = openEmulatedStorage(emulators, environment, names);
    try {
      return { reports, log: await readAll(storage, partition), lostAnswers: proxy.lostAnswers };
    } finally {
      await storage.close();
    }
  } finally {
    await proxy.stop();
  }
}

async function losingAnswers<Result>(proxy: FaultProxy, work: () => Promise<Result>): Promise<Result> {
  const losing = setInterval(() => (proxy.mode = "reset-once"), lossEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(losing);
  }
}

/** All processes are there before the first of them begins. */
async function runAll(tasks: readonly ProcessTask[]): Promise<readonly ContenderReport[]> {
  const program = join(import.meta.dirname, "contender-process.ts");
  const children = tasks.map(() => fork(program, { execArgv: [], serialization: "advanced" }));
  try {
    await Promise.all(children.map(async (child) => await nextMessage(child)));
    const reports = children.map(async (child, index) => {
      const answer = nextMessage(child);
      child.send(tasks[index] as ProcessTask);
      return (await answer) as ProcessReport;
    });
    return (await Promise.all(reports)).flatMap((report) => {
      if ("error" in report) throw new Error(`a process of contenders failed: ${report.error}`);
      return report.reports;
    });
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ended = once(child, "exit").then(([code, signal]: unknown[]) => {
    throw new Error(`a process of contenders ended with ${String(code ?? signal)} before it had reported`);
  });
  const [message] = (await Promise.race([once(child, "message"), ended])) as [unknown];
  ended.catch(() => undefined);
  return message;
}

async function readAll(storage: Storage, name: PartitionName): Promise<(readonly [number, string])[]> {
  const reader = new PartitionReader(storage, name);
  const highWatermark = await reader.highWatermark();
  const log: (readonly [number, string])[] = [];
  for (let offset = 0; offset < highWatermark;) {
    const read = await reader.read(offset, { bytesMax: 1_000_000, recordsMax: 10_000 });
    if (read.kind !== "batches" || read.nextOffset <= offset)
      throw new Error(`nothing at ${offset} of ${highWatermark}`);
    for (const batch of read.batches) {
      const header = readBatchHeader(batch);
      for (const { offsetDelta, value } of decodeRecords(header, recordsOf(batch, 0, header))) {
        log.push([header.baseOffset + offsetDelta, new TextDecoder().decode(value ?? new Uint8Array())]);
      }
    }
    offset = read.nextOffset;
  }
  return log;
}
