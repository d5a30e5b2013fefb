/** `streamkeeper serve`: the API on this machine until someone says stop. */
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { AccessSettings } from "../../functions/http/caller.ts";
import { writeLog } from "../../functions/http/log.ts";
import { metered } from "../../functions/metrics/metered-storage.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { RecordChecks, Services } from "../../shared/services/services.ts";
import { type Background, startBackground } from "../background.ts";
import { firstLines } from "../first-lines.ts";
import { GrowthTap } from "../growth-tap.ts";
import {
  type AdvertisedAddress,
  advertisedOf,
  kafkaPortHelp,
  nodeIdFrom,
  portOf,
  recordChecksOption,
} from "../kafka-options.ts";
import { kafkaSecurityOf, type KafkaSecurityOptions, withKafkaSecurity } from "../kafka-security.ts";
import { type OpenedKafkaPort, openKafkaPortBeside } from "../kafka-port.ts";
import { listenError } from "../listen-error.ts";
import { MetricsPage } from "../metrics-page.ts";
import { openStorage, storeKinds } from "../open-storage.ts";
import type { OpenedStorage } from "../open-storage.ts";
import { type StoreOptions, withStore } from "../store-options.ts";
import { startServer } from "../server.ts";
import type { RunningServer, ServerOptions } from "../server.ts";
import { printer } from "../printer.ts";
import { stopSignal } from "../stop-signal.ts";
import { accessOfProcess, withSuperuser } from "../superuser.ts";
import { packageVersion } from "../version.ts";
import { withZooKeeper, type ZooKeeperOptions, zookeeperSettingsOf } from "../zookeeper-options.ts";
import { type OpenedZooKeeperPort, openZooKeeperPortBeside } from "../zookeeper-port.ts";

interface ServeOptions extends KafkaSecurityOptions, ZooKeeperOptions, StoreOptions {
  readonly port: number;
  readonly kafkaPort?: number;
  readonly kafkaAdvertised?: AdvertisedAddress;
  readonly kafkaNodeId?: number;
  readonly host: string;
  readonly kafkaRecordChecks: RecordChecks;
  readonly quiet: boolean;
}

const topicToTry = "hello";

export function registerServe(program: Command): void {
  const command = program
    .command("serve")
    .description("serve the HTTP API, and Kafka's and ZooKeeper's protocols, on this machine")
    .option("--port <number>", "port to listen on; 0 takes any that is free", portOf, 8080)
    .option("--kafka-port <number>", kafkaPortHelp, portOf)
    .option("--kafka-advertised <host:port>", "what Kafka's clients are told to connect to, if not that", advertisedOf)
    .option(
      "--kafka-node-id <number>",
      "the broker id that Kafka's clients see (default: one that is free)",
      nodeIdFrom,
    )
    .option("--host <address>", "address to listen on; whoever reaches it can read and write", "127.0.0.1")
    .addOption(recordChecksOption())
    .option("--quiet", "print nothing but errors", false);
  withStore(command, { help: "where to keep the data", kinds: storeKinds, kind: "embedded" });
  withZooKeeper(withKafkaSecurity(command)).action(async (options: ServeOptions) => serve(options));
}

/** Serves until the process is asked to stop. @throws CommandError where it cannot begin */
async function serve(options: ServeOptions): Promise<void> {
  const stop = stopSignal();
  const opened = await openStorage(options.store, resolve(options.data));
  try {
    const page = new MetricsPage();
    const growth = new GrowthTap(opened.storage.notifier);
    const storage = { ...opened.storage, notifier: growth };
    const services = createServices(metered(storage, page.metrics), {
      subscribersCacheMs: 0,
      recordChecks: options.kafkaRecordChecks,
    });
    // What other processes write, this one does not hear of: there clients poll.
    const push = opened.isOwn ? { push: { storage: opened.storage, growth } } : {};
    const access = await accessOf(options);
    const server = await listen({ services, page, access, ...push }, options);
    const kafka = await openKafka(services, opened, page, options).catch(async (error: unknown) => {
      await server.close();
      throw error;
    });
    const zookeeper = await openZooKeeper({ services, opened, page, kafka, access }, options).catch(
      async (error: unknown) => {
        await Promise.all([server.close(), kafka.close()]);
        throw error;
      },
    );
    page.tellOf(zookeeper);
    const print = printer(options);
    let background: Background | undefined;
    try {
      const version = packageVersion();
      print(
        firstLines({
          version,
          url: server.url,
          place: opened.place,
          kafka: kafka.line,
          zookeeper: zookeeper.line,
          ...(await aTopic(services, opened)),
        }),
      );
      background = startBackground(services, opened);
      // Written otherwise only when the process ends by itself, which a server seldom does.
      flushCompileCache();
      await stop;
      print("Stopping; once more stops at once.\n");
    } finally {
      await Promise.all([server.close(), kafka.close(), zookeeper.close(), background?.stop()]);
    }
  } finally {
    await opened.close();
  }
}

async function listen(
  served: Pick<ServerOptions, "services" | "page" | "push" | "access">,
  { host, port }: ServeOptions,
): Promise<RunningServer> {
  try {
    return await startServer({ ...served, host, port });
  } catch (error) {
    throw listenError(error, { host, port, option: "--port" });
  }
}

async function openKafka(
  services: Services,
  { storage, isOwn: isAlone }: OpenedStorage,
  { metrics }: MetricsPage,
  options: ServeOptions,
): Promise<OpenedKafkaPort> {
  const { host, kafkaPort: port, kafkaNodeId: nodeId, kafkaAdvertised } = options;
  const answering = { namespace: "default", createsTopics: true, ...(await kafkaSecurityOf(options)) };
  const seen = { ...kafkaAdvertised, nodeId, isAlone };
  return openKafkaPortBeside({ services, storage, metrics, log: writeLog, host, port, ...seen, ...answering });
}

interface BesideZooKeeper {
  readonly services: Services;
  readonly opened: OpenedStorage;
  readonly page: MetricsPage;
  readonly kafka: OpenedKafkaPort;
  readonly access: AccessSettings;
}

async function openZooKeeper(
  { services, opened: { storage }, page: { metrics }, kafka, access }: BesideZooKeeper,
  options: ServeOptions,
): Promise<OpenedZooKeeperPort> {
  const { host, zookeeperPort: port } = options;
  const settings = await zookeeperSettingsOf(options, access);
  return openZooKeeperPortBeside({
    services,
    storage,
    metrics,
    namespace: "default",
    log: writeLog,
    host,
    port,
    ...settings,
    onFirstClient: () => kafka.serveZooKeeper(),
  });
}

/** Where it matters who writes about users, somebody must be able to make the first one. */
async function accessOf(options: ServeOptions): Promise<AccessSettings> {
  const access = accessOfProcess();
  const isSecured = options.kafkaSasl === true || options.kafkaAcl !== "off";
  return isSecured && options.store === "embedded" ? await withSuperuser(access, resolve(options.data)) : access;
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
