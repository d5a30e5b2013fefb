/** Takes away what a run of `streamkeeper verify` has made. */
import type { Command, CommandSender } from "../../client/command.ts";
import {
  DeleteGroupCommand,
  DeleteNamespaceCommand,
  DeleteTopicCommand,
  DeleteZnodeCommand,
  isServiceException,
  paginateGetChildren,
  paginateListGroups,
  paginateListTopics,
  StreamkeeperException,
} from "../../client/index.ts";
import type { Timers } from "../../shared/storage/environment.ts";

export interface CleanUp {
  readonly client: CommandSender;
  readonly timers: Timers;
  /** Aborts when it has taken long enough. */
  readonly signal: AbortSignal;
  readonly namespace: string;
  /** The run has made the namespace as well: it goes with all that is left in it. */
  readonly isOwn: boolean;
  /** Begins the name of whatever the run has made. */
  readonly runId: string;
}

/** Between two tries: sessions and members that crashed at the very end have to be over first. */
const pauseMs = 500;
const deletionsAtOnce = 16;
const childrenPerPage = 1_000;
const goneCodes = ["UNKNOWN_TOPIC_OR_PARTITION", "NO_NODE", "GROUP_ID_NOT_FOUND"] as const;
/** Znodes whose children include the run's: its own, and its locks. */
const parents = ["/", "/locks"];

/** Undefined when nothing is left; else what could not be deleted, in words. Never rejects for what the service does. */
export async function cleanUp(job: CleanUp): Promise<string | undefined> {
  for (;;) {
    try {
      await sweep(job);
      if (job.isOwn) await send(job, new DeleteNamespaceCommand({ name: job.namespace }));
      return undefined;
    } catch (error) {
      if (!(error instanceof StreamkeeperException)) throw error;
      if (isServiceException(error, "UNKNOWN_NAMESPACE")) return undefined;
      if (job.signal.aborted) return error.message;
    }
    await job.timers.sleep(pauseMs);
  }
}

/** All once. */
async function sweep(job: CleanUp): Promise<void> {
  const { client, signal: abortSignal, namespace, isOwn } = job;
  for await (const { topics } of paginateListTopics({ client, abortSignal }, { namespace })) {
    for (const topic of ofRun(job, topics)) await send(job, new DeleteTopicCommand({ namespace, topic }));
  }
  for (const parent of parents) {
    const names = (await childrenOf(job, parent)).map((name) => ({ name }));
    for (const name of ofRun(job, names)) await deleteTree(job, `${parent === "/" ? "" : parent}/${name}`);
  }
  // With a namespace they go by themselves.
  if (isOwn) return;
  for await (const { groups } of paginateListGroups({ client, abortSignal }, { namespace })) {
    const names = groups.map(({ group }) => ({ name: group }));
    for (const group of ofRun(job, names)) await send(job, new DeleteGroupCommand({ namespace, group }));
  }
}

function ofRun({ runId }: CleanUp, found: readonly { readonly name: string }[]): readonly string[] {
  return found.flatMap(({ name }) => (name.startsWith(`${runId}-`) ? [name] : []));
}

async function deleteTree(job: CleanUp, path: string): Promise<void> {
  const names = await childrenOf(job, path);
  for (let start = 0; start < names.length; start += deletionsAtOnce) {
    const some = names.slice(start, start + deletionsAtOnce);
    await Promise.all(some.map((name) => deleteTree(job, `${path}/${name}`)));
  }
  await send(job, new DeleteZnodeCommand({ namespace: job.namespace, path }));
}

async function childrenOf({ client, signal, namespace }: CleanUp, path: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    const pages = paginateGetChildren({ client, abortSignal: signal }, { namespace, path, limit: childrenPerPage });
    for await (const { children } of pages) names.push(...children);
  } catch (error) {
    if (!isServiceException(error, "NO_NODE")) throw error;
  }
  return names;
}

/** What is gone already is no failure. */
async function send<Input extends object, Output extends object>(
  { client, signal }: CleanUp,
  command: Command<Input, Output>,
): Promise<void> {
  try {
    await client.send(command, { abortSignal: signal });
  } catch (error) {
    if (!goneCodes.some((code) => isServiceException(error, code))) throw error;
  }
}
