/** The bundled functions at work on emulators of AWS, each with what its role allows and no more. */
import { join } from "node:path";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import { type Duty, isTimed } from "../../shared/storage/environment.ts";
import type { ScheduleNames } from "../../shared/storage/aws/schedule-names.ts";
import { encodeDuty } from "../../shared/storage/aws/duty-message.ts";
import type { ItemKey } from "../../shared/storage/item-store.ts";
import type { AwsStorage } from "../../shared/storage/aws/aws-storage.ts";
import { createEmulatedResources, openEmulatedStorage } from "../emulators/emulated-storage.ts";
import { type Emulators, startEmulators } from "../emulators/emulators.ts";
import { startAnswers } from "./answers-double.ts";
import type { BundledFunctions } from "./bundled-functions.ts";
import { type ConnectionsDouble, startConnections } from "./connections-double.ts";
import { HostedFunction } from "./hosted-function.ts";
import { type IamGate, startIamGate } from "./iam-gate.ts";

/** The gate asks for none of them by name. */
const scheduleNames: ScheduleNames = {
  group: "group",
  roleArn: "arn:aws:iam::000000000000:role/caller",
  sweepArn: "arn:aws:lambda:us-east-1:000000000000:function:sweep:live",
  dutyQueueArn: "arn:aws:sqs:us-east-1:000000000000:duties",
  expiryQueueArn: "arn:aws:sqs:us-east-1:000000000000:expiry",
  failedQueueArn: "arn:aws:sqs:us-east-1:000000000000:failed",
};

export class Rehearsal {
  /** How far the functions' wall clocks are ahead of the machine's. */
  clockAheadMs = 0;
  /** What the functions wrote to their standard output: their metrics. */
  readonly lines: string[] = [];
  /** Who is connected for hints, and what they were sent. */
  readonly connections: ConnectionsDouble;
  readonly #bundles: BundledFunctions;
  readonly #emulators: Emulators;
  readonly #gate: IamGate;
  readonly #variables: Readonly<Record<string, string>>;
  /** Past the gate. */
  readonly #storage: AwsStorage;
  readonly #running = new Map<string, HostedFunction>();

  private constructor(
    bundles: BundledFunctions,
    emulators: Emulators,
    gate: IamGate,
    storage: AwsStorage,
    connections: ConnectionsDouble,
    variables: Readonly<Record<string, string>>,
  ) {
    this.connections = connections;
    this.#bundles = bundles;
    this.#emulators = emulators;
    this.#gate = gate;
    this.#storage = storage;
    this.#variables = variables;
  }

  static async start(bundles: BundledFunctions): Promise<Rehearsal> {
    const emulators = await startEmulators();
    try {
      const environment = createNodeEnvironment();
      const created = await createEmulatedResources(emulators, environment, "rehearsal");
      const storage = openEmulatedStorage(emulators, environment, created);
      const { logTable, itemTable, bucket, dutyQueueUrl = "", expiryQueueUrl = "" } = created;
      const names = { logTable, itemTable, bucket, dutyQueueUrl, expiryQueueUrl };
      const gate = await startIamGate({ endpoints: emulators.endpoints, names, permissions: bundles.permissions });
      const connections = await startConnections();
      return new Rehearsal(bundles, emulators, gate, storage, connections, {
        STREAMKEEPER_CONNECTIONS_URL: connections.endpoint,
        ...emulators.variables,
        AWS_ENDPOINT_URL_DYNAMODB: gate.endpoint,
        AWS_ENDPOINT_URL_S3: gate.endpoint,
        AWS_ENDPOINT_URL_SQS: gate.endpoint,
        AWS_ENDPOINT_URL_SCHEDULER: gate.endpoint,
        STREAMKEEPER_LOG_TABLE: logTable,
        STREAMKEEPER_ITEM_TABLE: itemTable,
        STREAMKEEPER_BUCKET: bucket,
        STREAMKEEPER_METRICS_LEVEL: "PER_TOPIC_PER_PARTITION",
        STREAMKEEPER_NAME: "Rehearsal",
        STREAMKEEPER_DUTY_QUEUE_URL: dutyQueueUrl,
        STREAMKEEPER_EXPIRY_QUEUE_URL: expiryQueueUrl,
        STREAMKEEPER_SCHEDULES: JSON.stringify(scheduleNames),
      });
    } catch (cause) {
      await emulators.stop();
      throw cause;
    }
  }

  /** Requests that no role allows: `function: action resource keys`. */
  get refused(): readonly string[] {
    return this.#gate.refused;
  }

  /** By function, what of that which its role allows was needed so far: `dynamodb:Query logs partition:*`. */
  get used(): IamGate["used"] {
    return this.#gate.used;
  }

  /** `call` is a method and a path; answers the status and what the body holds. */
  async http(
    capability: string,
    call: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; body: unknown }> {
    const [method = "", path = ""] = call.split(" ");
    const { rawPath, rawQueryString } = splitPath(path);
    const event = {
      rawPath,
      rawQueryString,
      headers: { "content-type": "application/json", ...headers },
      requestContext: { requestId: "request", http: { method } },
      isBase64Encoded: false,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const answer = (await this.#invoke(capability, event)) as { statusCode: number; body?: string };
    return { status: answer.statusCode, body: answer.body === undefined ? undefined : JSON.parse(answer.body) };
  }

  /** What the duty queue or the expiry queue would deliver; answers how many duties failed. */
  async duties(...duties: readonly Duty[]): Promise<number> {
    const worker = duties.some(isTimed) ? "reap" : "seal";
    const Records = duties.map((duty, index) => ({ messageId: String(index), body: encodeDuty(duty) }));
    const { batchItemFailures } = (await this.#invoke(worker, { Records })) as { batchItemFailures: unknown[] };
    return batchItemFailures.length;
  }

  /** What the WebSocket API hands over. */
  async said(
    eventType: "CONNECT" | "DISCONNECT" | "MESSAGE",
    connectionId: string,
    message?: object,
  ): Promise<unknown> {
    const body = message === undefined ? {} : { body: JSON.stringify(message) };
    return await this.#invoke("push", { requestContext: { eventType, connectionId }, ...body });
  }

  /** What the stream of the log table tells: that there is an entry at this position. */
  async grown(logId: string, position: number): Promise<void> {
    const Keys = { pk: { S: logId }, sk: { N: String(position) } };
    await this.#invoke("notify", { Records: [{ eventName: "INSERT", dynamodb: { Keys } }] });
  }

  async sweep(): Promise<void> {
    await this.#invoke("sweep", {});
  }

  /** What CloudFormation would call for; answers what it is told. */
  async handover(RequestType: "Create" | "Delete"): Promise<unknown> {
    const answers = await startAnswers();
    try {
      const ResourceProperties = { RetainData: "true", QuietSeconds: "0" };
      await this.#invoke("handover", { RequestType, ResponseURL: answers.url, ResourceProperties });
      return answers.taken[0];
    } finally {
      await answers.stop();
    }
  }

  /** What a process leaves that ends before it has written an item. */
  async loseItem(key: ItemKey): Promise<void> {
    await this.#storage.items.delete(key);
  }

  /** The next calls find containers that know nothing. */
  async coolDown(): Promise<void> {
    await Promise.all([...this.#running.values()].map((running) => running.stop()));
    this.#running.clear();
  }

  async stop(): Promise<void> {
    await this.coolDown();
    await this.#storage.close();
    await this.#gate.stop();
    await this.connections.stop();
    await this.#emulators.stop();
  }

  async #invoke(capability: string, event: unknown): Promise<unknown> {
    const running = this.#running.get(capability) ?? this.#startFunction(capability);
    this.#running.set(capability, running);
    return await running.invoke(event, this.clockAheadMs);
  }

  #startFunction(capability: string): HostedFunction {
    const folder = this.#bundles.folders.get(capability);
    if (folder === undefined) throw new Error(`no function ${capability}`);
    const variables = { ...this.#variables, AWS_ACCESS_KEY_ID: capability, STREAMKEEPER_CAPABILITY: capability };
    return new HostedFunction(join(folder, "index.mjs"), variables, (line) => this.lines.push(line));
  }
}

function splitPath(path: string): { readonly rawPath: string; readonly rawQueryString: string } {
  const [rawPath = "", rawQueryString = ""] = path.split("?");
  return { rawPath, rawQueryString };
}
