import { randomBytes } from "node:crypto";
import type { Command, CommanderError } from "commander";
import { CreateNamespaceCommand, isServiceException } from "../../client/index.ts";
import type { StreamkeeperClient } from "../../client/index.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import type { VerificationReport } from "../../verify/run-verification.ts";
import type { VerifyTarget } from "../../verify/target.ts";
import type { WorkloadTiming } from "../../verify/workloads/workload.ts";
import { isWorkloadName, workloadNames } from "../../verify/workloads/workloads.ts";
import type { WorkloadName } from "../../verify/workloads/workloads.ts";
import { CommandError } from "../command-error.ts";
import { connect, endpointDefault } from "../console/connection.ts";
import { runAction } from "../console/run-action.ts";
import type { Terminal } from "../console/terminal.ts";
import { onStopSignal } from "../stop-signal.ts";
import { HistoryFile } from "../verify/history-file.ts";
import { HttpTarget } from "../verify/http-target.ts";
import { jsonReport, textReport } from "../verify/report.ts";
import { anySeed, runVerify } from "../verify/run.ts";
import { cleanUp } from "../verify/clean-up.ts";
import { SpreadSender } from "../verify/spread-sender.ts";

const anomalyExitCode = 1;
const usageExitCode = 2;

interface VerifyOptions {
  readonly endpoint: string;
  readonly namespace?: string;
  readonly minutes?: string;
  readonly records?: string;
  readonly workloads: string;
  readonly clients: string;
  readonly hurt?: string;
  readonly seed?: string;
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly history?: string;
}

const minutesDefault = 1;
/** Above this the load is no longer that of a few clients, and the checks take long. */
const clientsMax = 64;
const minutesMax = 24 * 60;
const recordsMax = 20_000_000;
/** Shorter than a service's own patience, so that a server that stands still leaves outcomes unknown. */
const requestTimeoutMs = 5_000;
const deliveryTimeoutMs = 20_000;
/** For tens of thousands of znodes, and for sessions of which nobody hears any more. */
const cleanUpMsMax = 60_000;
/** Each worker has a call or a long poll under way, and sessions have their heartbeats beside them. */
const connectionsMax = 512;

/** Of a deployment that answers in milliseconds, and may stand still for seconds. */
const timing: WorkloadTiming = {
  logPauseMs: 0,
  treePauseMs: 5,
  sessionTimeoutMs: 6_000,
  transactionTimeoutMs: 15_000,
  pollWaitMs: 500,
  retryPauseMs: 250,
  holdMs: 50,
  finalPatienceMs: 60_000,
  expiryGraceMs: 5_000,
  lateMs: 30_000,
  skewMs: 100,
};

/** While it is being hurt, whoever is to end a session may itself be gone or stand still. */
const hurtTiming: WorkloadTiming = { ...timing, expiryGraceMs: 20_000 };

const examples = `
Workloads: ${workloadNames.join(", ")}.

Everything is written to topics and znodes of the run's own, in a namespace of its own unless one is named; all of it is
deleted in the end, unless --keep leaves it to be looked at. Ctrl-C ends the load, and what was done is checked; once more
ends it at once, and deletes nothing.

Exit status: 0 if nothing is wrong, 1 for any anomaly and for whatever could not be decided, 2 if the command is wrong.

Examples:
  $ streamkeeper verify                                     one minute against the server on this machine
  $ streamkeeper verify --minutes 10 --hurt ./kill-and-restart.sh
  $ streamkeeper verify --endpoint http://a:8080,http://b:8080 --workloads log,transactions --records 1000000`;

/** Adds `streamkeeper verify`. @param wrap puts something between the workloads and the service */
export function registerVerify(
  program: Command,
  terminal: Terminal = process,
  wrap: (target: VerifyTarget) => VerifyTarget = (target) => target,
): void {
  program
    .command("verify")
    .description("put a deployment under load, and check that it kept every promise")
    .option(
      "--endpoint <url>",
      "where the service is (or STREAMKEEPER_ENDPOINT); several servers of one deployment with commas",
      process.env["STREAMKEEPER_ENDPOINT"] ?? endpointDefault,
    )
    .option("--namespace <name>", "namespace to write to (default: a new one)")
    .option("--minutes <number>", `how long the load lasts (default: ${minutesDefault}, without --records)`)
    .option("--records <number>", "end the load when the workload log has so many records acknowledged")
    .option("--workloads <names>", "which of them, with commas", workloadNames.join(","))
    .option("--clients <number>", "clients of each workload", "4")
    .option("--hurt <command>", "run this beside the load, again and again; before the final phase it gets SIGTERM")
    .option("--seed <number>", "for the choices of the workloads")
    .option("--keep", "leave topics, znodes and the namespace, to be looked at")
    .option("--json", "the report as JSON")
    .option("--history <file>", "write every operation to this file, as lines of JSON")
    .addHelpText("after", examples)
    .exitOverride(exitAsUsage)
    // Printed with every other failure, in the same words.
    .configureOutput({ outputError: () => {} })
    .action((options: VerifyOptions) => verify(options, terminal, wrap));
}

function exitAsUsage(error: CommanderError): never {
  // It was help that was asked for.
  if (error.exitCode === 0) process.exit(0);
  throw usage(error.message.replace(/^error: /, ""), error);
}

async function verify(
  options: VerifyOptions,
  terminal: Terminal,
  wrap: (target: VerifyTarget) => VerifyTarget,
): Promise<void> {
  const workloads = workloadsOf(options.workloads);
  const clients = numberOf(options.clients, "--clients", 1, clientsMax);
  const records = options.records === undefined ? undefined : numberOf(options.records, "--records", 1, recordsMax);
  if (records !== undefined && !workloads.includes("log")) throw usage("--records needs the workload log");
  const seed = options.seed === undefined ? anySeed() : numberOf(options.seed, "--seed", 0, 2 ** 32 - 1);
  const loadMs = loadMsOf(options.minutes, records);
  const runId = `v${randomBytes(4).toString("hex")}`;
  const namespace = options.namespace ?? `verify-${runId}`;
  const senders = options.endpoint.split(",").map((endpoint) => clientOf(endpoint.trim(), namespace));
  const stop = new AbortController();
  const forget = onStopSignal(["SIGINT", "SIGTERM"], () => stop.abort());
  const client = new SpreadSender(senders);
  let history: HistoryFile | undefined;
  let isOwn: boolean | undefined;
  try {
    history = options.history === undefined ? undefined : await openHistory(options.history);
    // A repeat of a call whose answer was lost finds the one that it made.
    isOwn = (await ensureNamespace(client, namespace)) || options.namespace === undefined;
    const target = wrap(new HttpTarget(new SpreadSender(senders), deliveryTimeoutMs));
    const { signal } = stop;
    const { hurt } = options;
    const run = { target, runId, workloads, clients, seed, loadMs, records, hurt, history, signal };
    const { report, ...times } = await runVerify(
      { ...run, timing: hurt === undefined ? timing : hurtTiming },
      terminal,
    );
    const facts = { runId, namespace, seed, clients, ...times };
    terminal.stdout.write(
      options.json === true ? `${JSON.stringify(jsonReport(report, facts))}\n` : textReport(report, facts),
    );
    if (!report.isClean) throw new CommandError(notCleanMessage(report), { exitCode: anomalyExitCode });
  } finally {
    await history?.close();
    if (isOwn !== undefined && options.keep !== true) {
      terminal.stderr.write("deletes what it has made\n");
      const { timers } = createNodeEnvironment();
      const signal = AbortSignal.timeout(cleanUpMsMax);
      const left = await cleanUp({ client, timers, signal, namespace, isOwn, runId });
      if (left !== undefined)
        terminal.stderr.write(`not all of the run could be deleted from namespace ${namespace}: ${left}\n`);
    }
    forget();
    for (const sender of senders) sender.destroy();
  }
}

function notCleanMessage({ workloads }: VerificationReport): string {
  const count = workloads.reduce((sum, { anomalies }) => sum + anomalies.length, 0);
  return `${count === 1 ? "1 anomaly" : `${count} anomalies`} in the report`;
}

/** True if it was not there. */
async function ensureNamespace(sender: SpreadSender, name: string): Promise<boolean> {
  let isNew = true;
  await runAction(async () => {
    try {
      await sender.send(new CreateNamespaceCommand({ name }));
    } catch (error) {
      if (!isServiceException(error, "NAMESPACE_ALREADY_EXISTS")) throw error;
      isNew = false;
    }
  });
  return isNew;
}

function clientOf(endpoint: string, namespace: string): StreamkeeperClient {
  try {
    return connect({ endpoint, namespace }, { requestTimeoutMs, connectionsMax });
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    throw new CommandError(cause.message, { exitCode: usageExitCode, cause });
  }
}

async function openHistory(path: string): Promise<HistoryFile> {
  try {
    return await HistoryFile.open(path);
  } catch (cause) {
    throw usage(`cannot write ${path}: ${(cause as Error).message}`, cause);
  }
}

function loadMsOf(text: string | undefined, records: number | undefined): number {
  if (text === undefined) return records === undefined ? minutesDefault * 60_000 : Infinity;
  const minutes = Number(text);
  if (!(minutes > 0 && minutes <= minutesMax)) throw usage(`--minutes is a number above 0, up to ${minutesMax}`);
  return minutes * 60_000;
}

function workloadsOf(text: string): readonly WorkloadName[] {
  const names = [...new Set(text.split(",").map((name) => name.trim()))];
  const unknown = names.find((name) => !isWorkloadName(name));
  if (unknown !== undefined) throw usage(`there is no workload "${unknown}"; there are ${workloadNames.join(", ")}`);
  return names.filter((name) => isWorkloadName(name));
}

function numberOf(text: string, option: string, min: number, max: number): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value;
  throw usage(`${option} is a whole number from ${min} to ${max}`);
}

function usage(message: string, cause?: unknown): CommandError {
  return new CommandError(message, { exitCode: usageExitCode, cause });
}
