/** The service without its data: one function per capability, what each may do, its queues and fronts, and what is watched. */
import { CrossStackReferences, ReferenceStrength, Stack } from "aws-cdk-lib";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { routes } from "../shared/api/routes.ts";
import { capabilitySizes } from "./capabilities.ts";
import type { CapabilityName } from "./capabilities.ts";
import type { WatchedResources } from "./constructs/alarm-rules.ts";
import { Alarms } from "./constructs/alarms.ts";
import { CapabilityFunction } from "./constructs/capability-function.ts";
import { Dashboard } from "./constructs/dashboard.ts";
import { DutyQueue } from "./constructs/duty-queue.ts";
import { FunctionUrls } from "./constructs/function-urls.ts";
import { Handover } from "./constructs/handover.ts";
import { HintDelivery } from "./constructs/hint-delivery.ts";
import { HttpApi } from "./constructs/http-api.ts";
import { PushApi } from "./constructs/push-api.ts";
import { Schedules } from "./constructs/schedules.ts";
import type { DataStores } from "./data-stack.ts";
import { type Functions, grantAll, grantPush, type Stores } from "./grants.ts";
import { ApiAccess } from "./policies/api-access.ts";
import type { Settings } from "./settings.ts";

export class StreamkeeperStack extends Stack {
  /** Grants callers of the API what they do, where it asks for IAM. */
  readonly access: ApiAccess;

  constructor(scope: Construct, settings: Settings, data: DataStores) {
    super(scope, settings.stackName, {
      env: { account: settings.account, region: settings.region },
      description: "Streamkeeper: Kafka's log and ZooKeeper's coordination as one serverless service",
    });

    // By export and import: CloudFormation then refuses to delete the data under a service that runs.
    CrossStackReferences.of(this).consume(ReferenceStrength.STRONG);

    const duties = new DutyQueue(this, "Duties", { dutyTimeoutSeconds: capabilitySizes.seal.timeoutSeconds });
    // Of its own, so that a session's end does not wait until segments are sealed.
    const expiry = new DutyQueue(this, "Expiry", { dutyTimeoutSeconds: capabilitySizes.reap.timeoutSeconds });
    const schedules = new Schedules(this, "Schedules", { duties, expiry });
    const stores: Stores = { logs: data.logs, items: data.items, blobs: data.blobs, duties, expiry, schedules };
    const create = this.#creating(stores, settings);
    const functions = createFunctions(create, settings, schedules.environment);
    grantAll(functions, stores);
    // A handshake proves who it is by IAM; where callers have tokens they poll.
    const pushes = settings.push && settings.jwt === undefined;
    const pushing = pushes ? this.#push(create, functions, stores, settings) : undefined;

    stores.duties.deliverTo(functions.seal);
    stores.expiry.deliverTo(functions.reap);
    schedules.callSweep(functions.sweep);

    const { jwt, logRetentionDays: logRetention, requestsPerSecondMax } = settings;
    const { api } = new HttpApi(this, "HttpApi", { routes, functions, logRetention, requestsPerSecondMax, jwt });
    this.access = new ApiAccess(this, api.apiId, pushing?.apiId);
    if (settings.functionUrls) new FunctionUrls(this, "Urls", functions);
    const { handover, ...others } = functions;
    new Handover(this, "Handover", {
      handover,
      schedules,
      others: [...Object.values(others), ...(pushing?.functions ?? [])],
      retainData: settings.retainData,
    });
    const withUrls = settings.functionUrls ? [functions.produce, functions.fetch] : [];
    this.#watch(
      {
        functions: [...Object.values(functions), ...(pushing?.functions ?? [])],
        tables: tablesOf(stores),
        ...stores,
        api,
        withUrls,
      },
      settings,
    );
  }

  /** What a person looks at, or is told. */
  #watch(watched: WatchedResources, settings: Settings): void {
    const { stackName: cluster, alarmTopicArn } = settings;
    const action =
      alarmTopicArn === undefined
        ? {}
        : { action: new SnsAction(Topic.fromTopicArn(this, "AlarmTopic", alarmTopicArn)) };
    const { alarms } = settings.alarms
      ? new Alarms(this, "Alarms", { ...settings, ...watched, cluster, ...action })
      : {};
    if (settings.dashboard) new Dashboard(this, "Dashboard", { ...watched, cluster, alarms: alarms ?? [] });
  }

  /** Hints of what there is to read. */
  #push(
    create: CreateFunction,
    functions: Functions,
    stores: Stores,
    { logRetentionDays: logRetention, requestsPerSecondMax }: Settings,
  ): { readonly functions: readonly CapabilityFunction[]; readonly apiId: string } {
    const push = create("push");
    const api = new PushApi(this, "PushApi", { push, logRetention, requestsPerSecondMax });
    const notify = create("notify", { STREAMKEEPER_CONNECTIONS_URL: api.connectionsUrl });
    grantPush({ push, notify }, functions, stores);
    api.grantPost(notify.role);
    new HintDelivery(this, "Hints", { logs: stores.logs, notify });
    for (const reader of [functions.fetch, functions.znode]) {
      reader.function.addEnvironment("STREAMKEEPER_PUSH_URL", api.url);
    }
    return { functions: [push, notify], apiId: api.api.apiId };
  }

  #creating(stores: Stores, settings: Settings): CreateFunction {
    const environment = {
      STREAMKEEPER_LOG_TABLE: stores.logs.table.tableName,
      STREAMKEEPER_ITEM_TABLE: stores.items.table.tableName,
      STREAMKEEPER_BUCKET: stores.blobs.bucket.bucketName,
      STREAMKEEPER_DUTY_QUEUE_URL: stores.duties.queue.queueUrl,
      STREAMKEEPER_EXPIRY_QUEUE_URL: stores.expiry.queue.queueUrl,
      STREAMKEEPER_NAME: settings.stackName,
      STREAMKEEPER_METRICS_LEVEL: settings.metricsLevel,
      STREAMKEEPER_AUTHORIZATION: settings.jwt === undefined ? "iam" : "jwt",
      ...(settings.jwt?.claim === undefined ? {} : { STREAMKEEPER_PERMISSION_CLAIM: settings.jwt.claim }),
    };
    return (capability, more = {}) =>
      new CapabilityFunction(this, capability, {
        capability,
        ...capabilitySizes[capability],
        environment: { ...environment, STREAMKEEPER_CAPABILITY: capability, ...more },
        ...(capability === "sweep" ? { functionName: stores.schedules.sweepFunctionName } : {}),
        logRetention: settings.logRetentionDays,
        tracing: settings.tracing,
        ...(settings.reserveConcurrency ? {} : { concurrencyMax: undefined }),
      });
  }
}

type Variables = Readonly<Record<string, string>>;
type CreateFunction = (capability: CapabilityName, more?: Variables) => CapabilityFunction;

/** @param asking what a function must know that asks for sweeps, and for what is due later than a queue can wait */
function createFunctions(create: CreateFunction, { superDigest }: Settings, asking: Variables): Functions {
  const access: Variables = superDigest === undefined ? {} : { STREAMKEEPER_SUPER_DIGEST: superDigest };
  return {
    health: create("health"),
    topics: create("topics", asking),
    produce: create("produce", asking),
    fetch: create("fetch", access),
    groups: create("groups", asking),
    transactions: create("transactions", asking),
    znode: create("znode", { ...access, ...asking }),
    sessions: create("sessions", asking),
    election: create("election", { ...access, ...asking }),
    reap: create("reap", asking),
    seal: create("seal", asking),
    sweep: create("sweep", asking),
    handover: create("handover", asking),
  };
}

function tablesOf({ logs, items }: Stores): WatchedResources["tables"] {
  return { logs: logs.table, items: items.table };
}
