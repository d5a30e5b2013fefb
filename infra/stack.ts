/** One deployment of Streamkeeper: storage, one function per capability, what each may do, and what is watched. */
import { Duration, Stack } from "aws-cdk-lib";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { routes } from "../shared/api/routes.ts";
import { capabilitySizes } from "./capabilities.ts";
import type { CapabilityName } from "./capabilities.ts";
import { Alarms } from "./constructs/alarms.ts";
import { BlobBucket } from "./constructs/blob-bucket.ts";
import { CapabilityFunction } from "./constructs/capability-function.ts";
import { DutyQueue } from "./constructs/duty-queue.ts";
import { HttpApi } from "./constructs/http-api.ts";
import { ItemTable } from "./constructs/item-table.ts";
import { LogTable } from "./constructs/log-table.ts";
import type { Settings } from "./settings.ts";

/** How often a lost wake-up is looked for; far below the 12 h after which produce refuses because of unsealed entries. */
const sweepInterval = Duration.hours(1);

interface Stores {
  readonly logs: LogTable;
  readonly items: ItemTable;
  readonly blobs: BlobBucket;
  readonly duties: DutyQueue;
  readonly expiry: DutyQueue;
}

type Functions = Readonly<Record<CapabilityName, CapabilityFunction>>;

export class StreamkeeperStack extends Stack {
  constructor(scope: Construct, settings: Settings) {
    super(scope, settings.stackName, {
      env: { account: settings.account, region: settings.region },
      description: "Streamkeeper: Kafka's log and ZooKeeper's coordination as one serverless service",
    });

    const stores: Stores = {
      logs: new LogTable(this, "Logs", settings),
      items: new ItemTable(this, "Items", settings),
      blobs: new BlobBucket(this, "Blobs", settings),
      duties: new DutyQueue(this, "Duties", { dutyTimeoutSeconds: capabilitySizes.seal.timeoutSeconds }),
      // Of its own, so that a session's end does not wait until segments are sealed.
      expiry: new DutyQueue(this, "Expiry", { dutyTimeoutSeconds: capabilitySizes.reap.timeoutSeconds }),
    };
    const functions = this.#createFunctions(stores, settings);
    grantAll(functions, stores);

    stores.duties.deliverTo(functions.seal);
    stores.expiry.deliverTo(functions.reap);
    new Rule(this, "SweepSchedule", {
      description: "Streamkeeper: finds duties that a lost wake-up left",
      schedule: Schedule.rate(sweepInterval),
      targets: [new LambdaFunction(functions.sweep.function, { maxEventAge: sweepInterval })],
    });
    // The next sweep does what a failed one did not.
    functions.sweep.function.configureAsyncInvoke({ retryAttempts: 0 });

    const { api } = new HttpApi(this, "HttpApi", { routes, functions, logRetention: settings.logRetentionDays });
    new Alarms(this, "Alarms", {
      functions: Object.values(functions),
      tables: { logs: stores.logs.table, items: stores.items.table },
      duties: stores.duties,
      expiry: stores.expiry,
      api,
      ...(settings.alarmTopicArn === undefined
        ? {}
        : { action: new SnsAction(Topic.fromTopicArn(this, "AlarmTopic", settings.alarmTopicArn)) }),
    });
  }

  #createFunctions(stores: Stores, settings: Settings): Functions {
    const environment = {
      STREAMKEEPER_LOG_TABLE: stores.logs.table.tableName,
      STREAMKEEPER_ITEM_TABLE: stores.items.table.tableName,
      STREAMKEEPER_BUCKET: stores.blobs.bucket.bucketName,
      STREAMKEEPER_DUTY_QUEUE_URL: stores.duties.queue.queueUrl,
      STREAMKEEPER_EXPIRY_QUEUE_URL: stores.expiry.queue.queueUrl,
    };
    const { superDigest } = settings;
    const access: Readonly<Record<string, string>> =
      superDigest === undefined ? {} : { STREAMKEEPER_SUPER_DIGEST: superDigest };
    const create = (capability: CapabilityName, more: Readonly<Record<string, string>> = {}): CapabilityFunction =>
      new CapabilityFunction(this, capability, {
        capability,
        ...capabilitySizes[capability],
        environment: { ...environment, ...more },
        logRetention: settings.logRetentionDays,
        tracing: settings.tracing,
      });
    return {
      health: create("health"),
      topics: create("topics"),
      produce: create("produce"),
      fetch: create("fetch", access),
      groups: create("groups"),
      transactions: create("transactions"),
      znode: create("znode", access),
      sessions: create("sessions"),
      election: create("election", access),
      reap: create("reap"),
      seal: create("seal"),
      sweep: create("sweep"),
    };
  }
}

/**
 * What each function may do: the requests that its service makes of the ports.
 *
 * Finding a topic falls back on the namespace's tree, and then brings up the item that should have told of it. Fetch may
 * not: it writes nothing, finds the topic all the same, and leaves the item to whoever may.
 */
function grantAll(functions: Functions, stores: Stores): void {
  grantLog(functions, stores);
  grantCoordination(functions, stores);
}

function grantCoordination(functions: Functions, { logs, items, blobs, expiry }: Stores): void {
  const { znode, sessions, election, reap, sweep } = functions;
  for (const { role } of [znode, sessions, election, reap]) {
    logs.grantAppend(role, "tree", "snapshots");
    blobs.grantWrite(role, "znodes", "snapshots");
    blobs.grantRead(role, "znodes", "snapshots");
    expiry.grantAsk(role);
  }
  // Whoever meets a namespace whose deletion was left half-way finishes it.
  for (const { role } of [znode, sessions, election]) {
    items.grantUpdate(role, "namespaces");
    items.grantDelete(role, "namespaces");
  }
  for (const { role } of [sessions, reap]) {
    items.grantUpdate(role, "sessions:*");
    items.grantDelete(role, "sessions:*");
  }
  logs.grantAppend(sweep.role, "tree");
  blobs.grantWrite(sweep.role, "znodes");
  items.grantList(sweep.role, "sessions:*");
  items.grantUpdate(sweep.role, "sessions:*");
  items.grantDelete(sweep.role, "sessions:*");
  expiry.grantAsk(sweep.role);
}

function grantLog(functions: Functions, { logs, items, blobs, duties }: Stores): void {
  const { health, topics, produce, fetch, seal, sweep } = functions;

  items.grantUpdate(health.role, "health");

  logs.grantAppend(topics.role, "tree", "snapshots");
  blobs.grantWrite(topics.role, "znodes", "snapshots");
  blobs.grantRead(topics.role, "znodes", "snapshots");
  items.grantList(topics.role, "namespaces");
  items.grantUpdate(topics.role, "namespaces", "topics:*", "garbage");
  items.grantDelete(topics.role, "namespaces");

  logs.grantAppend(produce.role, "partition");
  logs.grantRead(produce.role, "segments", "tree", "snapshots");
  blobs.grantWrite(produce.role, "hot");
  blobs.grantRead(produce.role, "hot", "segments", "znodes", "snapshots");
  items.grantGet(produce.role, "namespaces");
  items.grantUpdate(produce.role, "topics:*", "garbage", "partitions:*", "producer-ids");
  duties.grantAsk(produce.role);

  logs.grantRead(fetch.role, "partition", "segments", "tree", "snapshots");
  blobs.grantRead(fetch.role, "hot", "segments", "znodes", "snapshots");
  items.grantGet(fetch.role, "namespaces", "topics:*", "partitions:*");

  logs.grantRead(seal.role, "partition");
  logs.grantAppend(seal.role, "segments");
  logs.grantTrim(seal.role, "segments");
  blobs.grantRead(seal.role, "hot", "segments");
  blobs.grantWrite(seal.role, "segments");
  blobs.grantCollect(seal.role, "hot", "segments");
  items.grantUpdate(seal.role, "partitions:*");
  duties.grantAsk(seal.role);

  logs.grantRead(sweep.role, "partition");
  logs.grantTrim(sweep.role, "segments", "tree", "snapshots");
  logs.grantAppend(sweep.role, "snapshots");
  blobs.grantRead(sweep.role, "segments", "znodes", "snapshots");
  blobs.grantWrite(sweep.role, "snapshots");
  blobs.grantCollect(sweep.role, "hot", "segments", "znodes", "snapshots");
  items.grantList(sweep.role, "namespaces", "topics:*", "garbage", "partitions:*");
  items.grantGet(sweep.role, "namespaces");
  items.grantUpdate(sweep.role, "topics:*", "garbage", "partitions:*");
  items.grantDelete(sweep.role, "topics:*", "garbage", "partitions:*");
  duties.grantAsk(sweep.role);
}
