/** A process with some contenders, each with storage of its own. Forked by `contention.ts`. */
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import type { AwsResourceNames } from "../../shared/storage/aws/aws-storage.ts";
import type { PartitionName } from "../../shared/partition/recover-partition.ts";
import { openEmulatedStorage } from "../emulators/emulated-storage.ts";
import type { Emulators } from "../emulators/emulators.ts";
import { type ContenderPlan, type ContenderReport, contend } from "./contender.ts";

export interface ProcessTask {
  readonly endpoints: Emulators["endpoints"];
  /** DynamoDB behind a proxy that loses answers. */
  readonly lossyDynamodb: string;
  readonly names: AwsResourceNames;
  readonly partition: PartitionName;
  readonly plans: readonly ContenderPlan[];
}

export type ProcessReport = { readonly reports: readonly ContenderReport[] } | { readonly error: string };

async function work(task: ProcessTask): Promise<ProcessReport> {
  try {
    return { reports: await Promise.all(task.plans.map(async (plan) => await contendAlone(task, plan))) };
  } catch (cause) {
    return { error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) };
  }
}

async function contendAlone(task: ProcessTask, plan: ContenderPlan): Promise<ContenderReport> {
  const endpoints = plan.lossy ? { ...task.endpoints, dynamodb: task.lossyDynamodb } : task.endpoints;
  const storage = openEmulatedStorage({ endpoints }, createNodeEnvironment(), task.names);
  try {
    return await contend(storage, task.partition, plan);
  } finally {
    await storage.close();
  }
}

process.once("message", (task) => {
  void work(task as ProcessTask).then((report) => process.send?.(report, () => process.disconnect()));
});
process.send?.("ready");
