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
import { type Functions, grantAll, type Stores } from "./grants.ts";
import type { Settings } from "./settings.ts";

/** How often a lost wake-up is looked for; far below the 12 h after which produce refuses because of unsealed entries. */
const sweepInterval = Duration.hours(1);

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
