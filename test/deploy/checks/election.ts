/** An election whose leader dies without a word. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateTopicCommand,
  Election,
  isServiceException,
  type Leadership,
  ProduceToPartitionCommand,
} from "../../../client/index.ts";
import type { StreamkeeperClient } from "../../../client/index.ts";
import { awsEnvironment } from "../cdk.ts";
import { clientOf } from "../deployment.ts";
import type { Deployment } from "../deployment.ts";
import { inTime } from "../eventually.ts";
import { check, seconds } from "../report.ts";
import type { Report } from "../report.ts";

const electionName = "failover";
const topic = "failover";
const sessionTimeoutMs = 6_000;
/** What the service promises: a session's end is visible so soon after its timeout. */
const expiryMsMax = 2_000;
/** The emulator looks for delayed messages once a second, and starts the reaper cold. */
const emulatorMsMax = 3_000;
const startMsMax = 30_000;

/** @throws CheckFailure */
export async function checkElection(deployment: Deployment, report: Report): Promise<void> {
  using client = clientOf(deployment);
  const [leader, first] = await startLeader(deployment);
  try {
    report.note(`process ${leader.pid} leads with token ${first}`);
    await using session = await client.session({ timeoutMs: sessionTimeoutMs });
    const campaign = new Election(session, electionName).campaign({ signal: deployment.signal });
    await checkWaits(campaign);
    const killedMs = performance.now();
    leader.kill("SIGKILL");
    const mostMs = sessionTimeoutMs + expiryMsMax + emulatorMsMax;
    const leadership = await inTime("the second candidate leads", mostMs, campaign);
    const elapsedMs = performance.now() - killedMs;
    report.figure("leads after kill -9", `${seconds(elapsedMs)} (session timeout ${seconds(sessionTimeoutMs)})`);
    check(leadership.fencingToken > first, `the token does not grow: ${leadership.fencingToken} after ${first}`);
    report.figure("tokens", `${first}, then ${leadership.fencingToken}`);
    await checkFence(client, first, leadership);
    await leadership.resign();
  } finally {
    leader.kill("SIGKILL");
  }
}

/** Answers the process once it leads, and its token. */
async function startLeader({ emulator, credentials, endpoint }: Deployment): Promise<readonly [ChildProcess, number]> {
  const script = join(import.meta.dirname, "..", "leader.ts");
  const child = spawn(process.execPath, [script, endpoint, electionName, String(sessionTimeoutMs)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...awsEnvironment(emulator),
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
  });
  try {
    return [child, await inTime("the first candidate leads", startMsMax, tokenOf(child.stdout))];
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

async function tokenOf(output: Readable): Promise<number> {
  for await (const line of createInterface(output)) {
    const token = /^leads (\d+)$/.exec(line)?.[1];
    if (token !== undefined) return Number(token);
  }
  throw new Error("the leader's process has ended");
}

/** Nobody leads beside the leader: it lives for longer than a session's timeout. */
async function checkWaits(campaign: Promise<Leadership>): Promise<void> {
  const soon = await Promise.race([campaign, sleep(sessionTimeoutMs + expiryMsMax)]);
  check(soon === undefined, "two lead at the same time");
}

/** What the deposed leader still writes with its token is refused. */
async function checkFence(client: StreamkeeperClient, deposed: number, { fencingToken }: Leadership): Promise<void> {
  await client.send(new CreateTopicCommand({ name: topic, partitions: 1 }));
  const write = (value: string, token: number): Promise<unknown> =>
    client.send(new ProduceToPartitionCommand({ topic, partition: 0, records: [{ value }], fencingToken: token }));
  await write("of the second leader", fencingToken);
  const refusal: unknown = await write("of the first leader", deposed).catch((error: unknown) => error);
  check(isServiceException(refusal, "FENCED"), `the deposed leader may still write: ${String(refusal)}`);
}
