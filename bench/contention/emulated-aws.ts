/** AWS emulated on this machine for as long as a measurement lasts, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openAwsStorage, type AwsStorage, type AwsStorageOptions } from "../../shared/storage/aws/aws-storage.ts";
import { createDynamoDbClient } from "../../shared/storage/aws/dynamodb-client.ts";
import { createS3Client } from "../../shared/storage/aws/s3-client.ts";
import { createSqsClient } from "../../shared/storage/aws/sqs-client.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";

const program = join(import.meta.dirname, "../../test/emulators/main.ts");
/** It is printed last. */
const lastVariable = "STREAMKEEPER_EXPIRY_QUEUE_URL";
const credentials = { accessKeyId: "emulator", secretAccessKey: "emulator" };

interface EmulatedAwsOptions extends Partial<Pick<AwsStorageOptions, "clock" | "usage">> {
  readonly queues?: boolean;
}

export class EmulatedAws {
  readonly #process: ChildProcess;
  readonly #variables: ReadonlyMap<string, string>;

  private constructor(child: ChildProcess, variables: ReadonlyMap<string, string>) {
    this.#process = child;
    this.#variables = variables;
  }

  /** @throws Error if the emulators do not start */
  static async start(): Promise<EmulatedAws> {
    const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "ignore"] });
    const variables = new Map<string, string>();
    for await (const line of createInterface({ input: child.stdout })) {
      const [, name, value] = /^export (\w+)=(.*)$/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) variables.set(name, value);
      if (name === lastVariable) return new EmulatedAws(child, variables);
    }
    throw new Error("the emulators of AWS did not start");
  }

  /** Storage over clients and connections of its own, as a container has; without `queues` its wake-ups are dropped. */
  open({ queues = false, ...options }: EmulatedAwsOptions = {}): AwsStorage {
    const environment = { ...createNodeEnvironment(), ...options };
    const common = { clock: environment.clock, region: "us-east-1", credentials };
    const s3 = createS3Client({ ...common, endpoint: this.#get("AWS_ENDPOINT_URL_S3"), pathStyle: true });
    const sqs = createSqsClient({ ...common, endpoint: this.#get("AWS_ENDPOINT_URL_SQS") });
    return openAwsStorage({
      ...environment,
      logTable: this.#get("STREAMKEEPER_LOG_TABLE"),
      itemTable: this.#get("STREAMKEEPER_ITEM_TABLE"),
      bucket: this.#get("STREAMKEEPER_BUCKET"),
      dutyQueueUrl: queues ? this.#get("STREAMKEEPER_DUTY_QUEUE_URL") : undefined,
      expiryQueueUrl: queues ? this.#get(lastVariable) : undefined,
      dynamodb: createDynamoDbClient({ ...common, endpoint: this.#get("AWS_ENDPOINT_URL_DYNAMODB") }),
      s3: async () => s3,
      sqs: async () => sqs,
    });
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill();
    await ended;
  }

  #get(variable: string): string {
    const value = this.#variables.get(variable);
    if (value === undefined) throw new Error(`the emulators of AWS did not name ${variable}`);
    return value;
  }
}
