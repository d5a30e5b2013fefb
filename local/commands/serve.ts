/** `streamkeeper serve`: the API on this machine until someone says stop. */
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { accessFromEnvironment } from "../../functions/access.ts";
import { doDuty } from "../../functions/duties/do-duty.ts";
import { describeError, writeLog } from "../../functions/http/log.ts";
import { metered } from "../../functions/metrics/metered-storage.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import { localCloseMsMax } from "../../shared/limits.ts";
import { kafkaPortDefault } from "../../shared/limits/kafka-gateway.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { DutyElection } from "../duty-election.ts";
import { DutyLoop } from "../duty-loop.ts";
import { firstLines } from "../first-lines.ts";
import { GrowthTap } from "../growth-tap.ts";
import { kafkaSecurityOf, type KafkaSecurityOptions, withKafkaSecurity } from "../kafka-security.ts";
import { type OpenedKafkaPort, openKafkaPort } from "../kafka-port.ts";
import { listenError } from "../listen-error.ts";
import { MetricsPage } from "../metrics-page.ts";
import { openStorage, storeKinds } from "../open-storage.ts";
import type { OpenedStorage, StoreKind } from "../open-storage.ts";
import { startServer } from "../server.ts";
import type { RunningServer, ServerOptions } from "../server.ts";
import { stopSignal } from "../stop-signal.ts";
import { packageVersion } from "../version.ts";

interface ServeOptions extends KafkaSecurityOptions {
  readonly port: number;
  readonly kafkaPort?: number;
  readonly host: string;
  readonly data: string;
  readonly store: StoreKind;
  readonly quiet: boolean;
}

const topicToTry = "hello";

export function registerServe(program: Command): void {
  const command = program
    .command("serve")
    .description("serve the HTTP API, and Kafka's protocol, on this machine")
    .option("--port <number>", "port to listen on; 0 takes any that is free", portOf, 8080)
    .option(
      "--kafka-port <number>",
      `port for Kafka's clients; 0 takes any that is free (default: ${kafkaPortDefault})`,
      portOf,
    )
    .option("--host <address>", "address to listen on; whoever reaches it can read and write", "127.0.0.1")
    .option("--data <folder>", "where the embedded store keeps its data", ".streamkeeper")
    .addOption(new Option("--store <kind>", "where to keep the data").choices(storeKinds).default("embedded"))
    .option("--quiet", "print nothing but errors", false);
  withKafkaSecurity(command).action(async (options: ServeOptions) => serve(options));
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^[0-9]+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a number from 0 to 65535.");
}

/** Serves until the process is asked to stop. @throws CommandError where it cannot begin */
async function serve(options: ServeOptions): Promise<void> {
  const stop = stopSignal();
  const opened = await openStorage(options.store, resolve(options.data));
  try {
    const page = new MetricsPage();
    const growth = new GrowthTap(opened.storage.notifier);
    const storage = { ...opened.storage, notifier: growth };
    const services = createServices(metered(storage, page.metrics), { subscribersCacheMs: 0 });
    // What other processes write, this one does not hear of: there clients poll.
    const push = opened.isOwn ? { push: { storage: opened.storage, growth } } : {};
    const server = await listen({ services, page, ...push }, options);
    const kafka = await openKafka(services, opened, page, options).catch(async (error: unknown) => {
      await server.close();
      throw error;
    });
    const print = (text: string): void => void (options.quiet || process.stdout.write(text));
    const { clock, timers } = opened.storage;
    const { isOwn } = opened;
    const sweeps = opened.storage.wakeUps.sweepEveryMs === undefined ? {} : { sweepMs: Infinity };
    const duties = new DutyLoop({ duties: services.duties, clock, timers, log: writeLog, leads: isOwn, ...sweeps });
    // Who has the storage to itself need not ask anyone, and writes nothing while nobody else does.
    const election = isOwn
      ? undefined
      : new DutyElection({ services, clock, timers, log: writeLog, onLead: (leads) => duties.lead(leads) });
    let queue: ReturnType<NonNullable<typeof opened.receive>> | undefined;
    try {
      const version = packageVersion();
      print(
        firstLines({
          version,
          url: server.url,
          place: opened.place,
          kafka: kafka.line,
          ...(await aTopic(services, opened)),
        }),
      );
      opened.onWake((duty) => duties.add(duty));
      duties.start();
      election?.start();
      queue = opened.receive?.({
        handle: (duty) => doDuty(services.duties, duty),
        onFailure: (cause) => writeLog("ERROR", "duty failed", { queue: "expiry", cause: describeError(cause) }),
      });
      // Written otherwise only when the process ends by itself, which a server seldom does.
      flushCompileCache();
      await stop;
      print("Stopping; once more stops at once.\n");
    } finally {
      const stopDuties = async (): Promise<void> => {
        await Promise.all([queue?.stop(), election?.stop()]);
        await duties.stop();
      };
      await Promise.all([server.close(), kafka.close(), within(localCloseMsMax, stopDuties())]);
    }
  } finally {
    await opened.close();
  }
}

async function listen(
  served: Pick<ServerOptions, "services" | "page" | "push">,
  { host, port }: ServeOptions,
): Promise<RunningServer> {
  try {
    return await startServer({ ...served, host, port, access: accessFromEnvironment() });
  } catch (error) {
    throw listenError(error, { host, port, option: "--port" });
  }
}

async function openKafka(
  services: Services,
  { storage }: OpenedStorage,
  { metrics }: MetricsPage,
  options: ServeOptions,
): Promise<OpenedKafkaPort> {
  const { host, kafkaPort: port } = options;
  const answering = { namespace: "default", createsTopics: true, ...(await kafkaSecurityOf(options)) };
  return openKafkaPort({ services, storage, metrics, log: writeLog, host, port, ...answering });
}

/** A topic that the printed lines can use: one that is there, else a new one where the storage is this process's own. */
async function aTopic(
  { topics }: Services,
  { isOwn }: OpenedStorage,
): Promise<{ readonly topic?: string; readonly isNew: boolean }> {
  if (!isOwn) return { isNew: false };
  try {
    await topics.describe("default", topicToTry);
    return { topic: topicToTry, isNew: false };
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === "UNKNOWN_TOPIC_OR_PARTITION")) throw error;
  }
  const { items } = await topics.list("default", { limit: 1 });
  const [first] = items;
  if (first !== undefined) return { topic: first.name, isNew: false };
  await topics.create("default", { name: topicToTry, partitions: 1 });
  return { topic: topicToTry, isNew: true };
}

/** Waits for `work`, but not longer. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timeout = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timeout);
}
