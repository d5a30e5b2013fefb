/** Has the SDK's clients tell what each of their requests is billed: every attempt, as nothing below them tries again. */
import { ConditionalCheckFailedException, type ConsumedCapacity, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SQSClient } from "@aws-sdk/client-sqs";
import type { UsageRecorder } from "../usage.ts";
import { failedWriteUnits } from "./request-units.ts";
import type { StoredItem } from "./stored-values.ts";

/** SQS counts 64 KB of a message as a request. */
const queueRequestBytes = 65_536;

interface Clients {
  readonly dynamodb: DynamoDBClient;
  readonly s3: () => Promise<S3Client>;
  readonly sqs: () => Promise<SQSClient>;
}

/** The clients, which tell `usage` from now on. */
export function meteredClients({ dynamodb, s3, sqs }: Clients, usage: UsageRecorder): Clients {
  meterDynamoDb(dynamodb, usage);
  return {
    dynamodb,
    s3: async () => meterS3(await s3(), usage),
    sqs: async () => meterSqs(await sqs(), usage),
  };
}

/** What a middleware sees of a request: the fields that are read here. */
interface Call {
  readonly input: { readonly Item?: StoredItem; readonly Body?: Uint8Array; readonly MessageBody?: string };
}

interface Answer {
  readonly output: {
    readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[];
    readonly ContentLength?: number;
  };
}

type Metered = (command: string, call: Call, send: (call: Call) => Promise<Answer>) => Promise<Answer>;

/** The part of a client's stack that is used here. */
interface Stack {
  add(
    middleware: <Input, Output>(
      next: (input: Input) => Promise<Output>,
      context: { readonly commandName?: string },
    ) => (input: Input) => Promise<Output>,
    options: { readonly name: string; readonly step: "initialize" },
  ): void;
}

function meterDynamoDb(client: DynamoDBClient, usage: UsageRecorder): void {
  observe(client.middlewareStack, async (command, call, send) => {
    const reads = command === "GetItemCommand" || command === "QueryCommand";
    const input = { ...call.input, ReturnConsumedCapacity: "TOTAL" };
    try {
      const answer = await send({ ...call, input });
      usage.add(reads ? "readUnits" : "writeUnits", consumedUnits(answer.output));
      return answer;
    } catch (cause) {
      if (cause instanceof ConditionalCheckFailedException) {
        const units = failedWriteUnits(cause.Item, call.input.Item);
        usage.add("writeUnits", units);
        usage.add("failedWriteUnits", units);
      }
      throw cause;
    }
  });
}

function meterS3(client: S3Client, usage: UsageRecorder): S3Client {
  observe(client.middlewareStack, async (command, call, send) => {
    if (command === "GetObjectCommand") usage.add("blobReads", 1);
    // Deleting is free.
    else if (command !== "DeleteObjectsCommand") usage.add("blobWrites", 1);
    usage.add("blobBytesWritten", call.input.Body?.length ?? 0);
    const answer = await send(call);
    if (command === "GetObjectCommand") usage.add("blobBytesRead", answer.output.ContentLength ?? 0);
    return answer;
  });
  return client;
}

function meterSqs(client: SQSClient, usage: UsageRecorder): SQSClient {
  observe(client.middlewareStack, async (_command, call, send) => {
    const { MessageBody = "" } = call.input;
    usage.add("queueRequests", Math.max(1, Math.ceil(MessageBody.length / queueRequestBytes)));
    return await send(call);
  });
  return client;
}

function observe(stack: Stack, metered: Metered): void {
  stack.add(
    (next, context) => {
      const send = next as unknown as (call: Call) => Promise<Answer>;
      const observed = async (call: Call): Promise<Answer> => await metered(context.commandName ?? "", call, send);
      return observed as unknown as typeof next;
    },
    { name: "streamkeeperUsage", step: "initialize" },
  );
}

/** A batch tells of each table. */
function consumedUnits({ ConsumedCapacity: consumed = [] }: Answer["output"]): number {
  return [consumed].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}
