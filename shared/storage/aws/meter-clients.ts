/** Has the SDK's clients tell what each of their requests is billed: every attempt, as nothing below them tries again. */
import { ConditionalCheckFailedException, type ConsumedCapacity } from "@aws-sdk/client-dynamodb";
import type { UsageRecorder } from "../usage.ts";
import { failedWriteUnits } from "./request-units.ts";
import type { StoredItem } from "./stored-values.ts";

/** SQS counts 64 KB of a message as a request. */
const queueRequestBytes = 65_536;

interface Call {
  readonly input: object;
}

interface Answer {
  readonly output: object;
}

type Send = (call: Call) => Promise<Answer>;

interface Client {
  readonly middlewareStack: {
    add(
      middleware: <Input, Output>(
        next: (input: Input) => Promise<Output>,
        context: { readonly commandName?: string },
      ) => (input: Input) => Promise<Output>,
      options: { readonly name: string; readonly step: "initialize" },
    ): void;
  };
}

export function meterDynamoDb(client: Client, usage: UsageRecorder): void {
  observe(client, async (command, call, send) => {
    const reads = command === "GetItemCommand" || command === "QueryCommand";
    const input = { ...call.input, ReturnConsumedCapacity: "TOTAL" };
    try {
      const answer = await send({ ...call, input });
      usage.add(reads ? "readUnits" : "writeUnits", consumedUnits(answer.output));
      return answer;
    } catch (cause) {
      if (cause instanceof ConditionalCheckFailedException) {
        const units = failedWriteUnits(cause.Item, (call.input as { readonly Item?: StoredItem }).Item);
        usage.add("writeUnits", units);
        usage.add("failedWriteUnits", units);
      }
      throw cause;
    }
  });
}

export function meterS3(client: Client, usage: UsageRecorder): void {
  observe(client, async (command, call, send) => {
    if (command === "GetObjectCommand") usage.add("blobReads", 1);
    // Deleting is free.
    else if (command !== "DeleteObjectsCommand") usage.add("blobWrites", 1);
    const { Body } = call.input as { readonly Body?: Uint8Array };
    usage.add("blobBytesWritten", Body?.length ?? 0);
    const answer = await send(call);
    const { ContentLength } = answer.output as { readonly ContentLength?: number };
    usage.add("blobBytesRead", ContentLength ?? 0);
    return answer;
  });
}

export function meterSqs(client: Client, usage: UsageRecorder): void {
  observe(client, async (_command, call, send) => {
    const { MessageBody = "" } = call.input as { readonly MessageBody?: string };
    usage.add("queueRequests", Math.max(1, Math.ceil(MessageBody.length / queueRequestBytes)));
    return await send(call);
  });
}

function observe(client: Client, middleware: (command: string, call: Call, send: Send) => Promise<Answer>): void {
  client.middlewareStack.add(
    (next, context) => async (call) =>
      (await middleware(context.commandName ?? "", call as Call, next as unknown as Send)) as Awaited<
        ReturnType<typeof next>
      >,
    { name: "streamkeeperUsage", step: "initialize" },
  );
}

/** A batch tells of each table. */
function consumedUnits(output: { readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] }): number {
  const { ConsumedCapacity: consumed = [] } = output;
  return [consumed].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}
