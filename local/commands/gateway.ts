/** `streamkeeper gateway`: the ports for existing clients alone, next to a store, until someone says stop. */
import { flushCompileCache } from "node:module";
import { resolve } from "node:path";
import type { Command } from "commander";
import { writeLog } from "../../functions/http/log.ts";
import { metered } from "../../functions/metrics/metered-storage.ts";
import { defaultNamespace, findNamespaceNameProblem } from "../../shared/services/namespace-name.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { RecordChecks } from "../../shared/services/services.ts";
import { startBackground } from "../background.ts";
import { CommandError } from "../command-error.ts";
import {
  type AdvertisedAddress,
  advertisedOf,
  kafkaPortHelp,
  nodeIdFrom,
  portOf,
  recordChecksOption,
  sessionTimeoutHelp,
  sessionTimeoutOf,
} from "../kafka-options.ts";
import { kafkaSecurityOf, type KafkaSecurityOptions, withKafkaSecurity } from "../kafka-security.ts";
import { openKafkaPort } from "../kafka-port.ts";
import { MetricsPage } from "../metrics-page.ts";
import { type MetricsPort, openMetricsPort } from "../metrics-port.ts";
import { openStorage, storeKinds } from "../open-storage.ts";
import { type StoreOptions, withStore } from "../store-options.ts";
import { printer } from "../printer.ts";
import { stopSignal } from "../stop-signal.ts";
import { accessOfProcess } from "../superuser.ts";
import { packageVersion } from "../version.ts";
import { withZooKeeper, type ZooKeeperOptions, zookeeperSettingsOf } from "../zookeeper-options.ts";
import { openZooKeeperPortBeside } from "../zookeeper-port.ts";

interface GatewayOptions extends KafkaSecurityOptions, ZooKeeperOptions, StoreOptions {
  readonly kafkaPort?: number;
  readonly host: string;
  readonly advertisedHost?: AdvertisedAddress;
  readonly advertisedPort?: number;
  readonly nodeId?: number;
  readonly namespace: string;
  readonly autoCreate: boolean;
  readonly sessionTimeout?: number;
  readonly metricsPort?: number;
  readonly kafkaRecordChecks: RecordChecks;
  readonly quiet: boolean;
}

const examples = `
Any number of gateways may stand next to one store on AWS: clients that know one of them learn of the others, and each serves
whatever is asked of it. The store is found as by serve: STREAMKEEPER_LOG_TABLE and the others of the environment.

Examples:
  $ streamkeeper gateway                                          on this machine only
  $ streamkeeper gateway --host 0.0.0.0 --advertised-host gw1.example.com --node-id 1
  $ streamkeeper gateway --store embedded --data ./data           without the HTTP API, on the embedded store
  $ streamkeeper gateway --host 0.0.0.0 --zookeeper-port 2181     ZooKeeper's clients connect to gw1:2181,gw2:2181,...
  $ zkCli.sh -server 127.0.0.1:2181                               or kazoo, Curator, the C client`;

export function registerGateway(program: Command): void {
  const command = program
    .command("gateway")
    .description("serve Kafka's and ZooKeeper's clients next to a store, without the HTTP API")
    .option("--kafka-port <number>", kafkaPortHelp, portOf)
    .option("--host <address>", "address to listen on; whoever reaches it can read and write", "127.0.0.1")
    .option("--advertised-host <host>", "what clients are told to connect to, where that is not --host", advertisedOf)
    .option("--advertised-port <number>", "the same for the port", portOf)
    .option(
      "--node-id <number>",
      "the broker id that clients see (default: one that is free, from 1001 on)",
      nodeIdFrom,
    )
    .option("--namespace <name>", "whose topics, groups and znodes clients see", defaultNamespace)
    .option("--no-auto-create", "do not create topics that clients ask for by name")
    .option("--session-timeout <ms>", sessionTimeoutHelp, sessionTimeoutOf)
    .addOption(recordChecksOption())
    .option("--metrics-port <number>", "port for GET /metrics; without it there is no such page", portOf)
    .option("--quiet", "print nothing but errors", false)
    .addHelpText("after", examples);
  withStore(command, { help: "where the data are", kinds: storeKinds, kind: "aws" });
  withZooKeeper(withKafkaSecurity(command)).action(async (options: GatewayOptions) => gateway(options));
}

/** Serves until the process is asked to stop. @throws CommandError where it cannot begin */
async function gateway(options: GatewayOptions): Promise<void> {
  const problem = findNamespaceNameProblem(options.namespace);
  if (problem !== undefined) throw new CommandError(`--namespace: a namespace's name ${problem}`);
  const access = accessOfProcess();
  const stop = stopSignal();
  const opened = await openStorage(options.store, resolve(options.data));
  try {
    const page = new MetricsPage();
    const services = createServices(metered(opened.storage, page.metrics), {
      subscribersCacheMs: 0,
      recordChecks: options.kafkaRecordChecks,
    });
    const background = startBackground(services, opened);
    let scraped: MetricsPort | undefined;
    try {
      const { host, namespace, advertisedHost: advertised, metricsPort } = options;
      if (metricsPort !== undefined)
        scraped = await openMetricsPort(page, services.gauges, { host, port: metricsPort });
      const zookeeperSettings = await zookeeperSettingsOf(options, access);
      const kafka = await openKafkaPort({
        services,
        storage: opened.storage,
        metrics: page.metrics,
        log: writeLog,
        host,
        port: options.kafkaPort,
        ...advertised,
        ...(options.advertisedPort === undefined ? {} : { advertisedPort: options.advertisedPort }),
        nodeId: options.nodeId,
        namespace,
        createsTopics: options.autoCreate,
        sessionTimeoutMs: options.sessionTimeout,
        isAlone: opened.isOwn,
        ...(await kafkaSecurityOf(options)),
      });
      const zookeeper = await openZooKeeperPortBeside({
        services,
        storage: opened.storage,
        metrics: page.metrics,
        log: writeLog,
        host,
        port: options.zookeeperPort,
        namespace,
        onFirstClient: () => kafka.serveZooKeeper(),
        ...zookeeperSettings,
      }).catch(async (error: unknown) => {
        await kafka.close();
        throw error;
      });
      page.tellOf(zookeeper);
      try {
        const print = printer(options);
        const about = [`Data: ${opened.place}`, ...(scraped === undefined ? [] : [`Metrics: ${scraped.url}`])];
        const head = `Streamkeeper ${packageVersion()}, gateway of the namespace ${namespace}`;
        print([head, kafka.line, zookeeper.line, ...about, "Ctrl-C stops it.", ""].join("\n"));
        // Written otherwise only when the process ends by itself, which a server seldom does.
        flushCompileCache();
        await stop;
        print("Stopping; once more stops at once.\n");
      } finally {
        await Promise.all([kafka.close(), zookeeper.close()]);
      }
    } finally {
      scraped?.close();
      await background.stop();
    }
  } finally {
    await opened.close();
  }
}
