/**
 * Stands between the functions and the emulators, and does what IAM does on AWS: a request that the function's role does not
 * allow is refused, and noted. The emulators themselves let everything pass.
 *
 * Which function asks is told by the access key id of the request's signature.
 */
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import * as z from "zod";
import type { AwsResourceNames } from "../../shared/storage/aws/aws-storage.ts";
import type { Emulators } from "../emulators/emulators.ts";
import { type Permission, type StorageRequest, allows, grantsFor } from "./permissions.ts";

export interface IamGate {
  readonly endpoint: string;
  /** Requests that were refused, as `function: action resource keys`. */
  readonly refused: readonly string[];
  /** By function, what of that which its role allows was needed so far. */
  readonly used: ReadonlyMap<string, ReadonlySet<string>>;
  stop(): Promise<void>;
}

export async function startIamGate(options: {
  readonly endpoints: Emulators["endpoints"];
  readonly names: Required<
    Pick<AwsResourceNames, "logTable" | "itemTable" | "bucket" | "dutyQueueUrl" | "expiryQueueUrl">
  >;
  /** By access key id. */
  readonly permissions: ReadonlyMap<string, readonly Permission[]>;
}): Promise<IamGate> {
  const { endpoints, names, permissions } = options;
  const refused: string[] = [];
  const used = new Map<string, Set<string>>([...permissions.keys()].map((capability) => [capability, new Set()]));
  const admit = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = await readBytes(incoming);
    const caller = /Credential=([^/]+)\//.exec(incoming.headers.authorization ?? "")?.[1] ?? "nobody";
    const { service, requests } = readRequest(incoming, body, names);
    const allowed = permissions.get(caller) ?? [];
    const denied = requests.filter((request) => !allows(allowed, request));
    for (const request of requests) for (const grant of grantsFor(allowed, request)) used.get(caller)?.add(grant);
    for (const { action, resource, keys = [] } of denied)
      refused.push([`${caller}:`, action, resource, ...keys].join(" "));
    if (denied.length > 0) {
      refuse(service, answer);
      return;
    }
    // There is no emulator of it: what is asked for does not come.
    if (service === "scheduler")
      answer.writeHead(200, { "content-type": "application/json" }).end('{"ScheduleArn":"a"}');
    else await forward(endpoints[service], incoming, body, answer);
  };
  const server = createServer((incoming, answer) => {
    admit(incoming, answer).catch((cause: unknown) => {
      // What the gate cannot read it does not let pass, and the test that looks at `refused` shows it.
      refused.push(`the gate failed: ${String(cause)}`);
      answer.destroy();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    used,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Service = keyof Emulators["endpoints"] | "scheduler";

/** To create a schedule is to pass a role as well. */
const schedulerRequests: readonly StorageRequest[] = [
  { action: "scheduler:CreateSchedule", resource: "schedules/*" },
  { action: "iam:PassRole", resource: "schedules' role" },
];

function readRequest(
  { headers, method = "", url = "" }: IncomingMessage,
  body: Buffer,
  names: {
    readonly logTable: string;
    readonly itemTable: string;
    readonly bucket: string;
    readonly dutyQueueUrl: string;
    readonly expiryQueueUrl: string;
  },
): { readonly service: Service; readonly requests: readonly StorageRequest[] } {
  if (method === "POST" && url.startsWith("/schedules/")) return { service: "scheduler", requests: schedulerRequests };
  const target = headers["x-amz-target"];
  if (typeof target !== "string") return { service: "s3", requests: s3Requests(method, url, body, names.bucket) };
  const [api = "", operation = ""] = target.split(".");
  const parameters: unknown = JSON.parse(body.toString());
  if (api === "AmazonSQS") {
    const { QueueUrl } = z.object({ QueueUrl: z.string() }).parse(parameters);
    const queues = new Map([
      [names.dutyQueueUrl, "duties"],
      [names.expiryQueueUrl, "expiry"],
    ]);
    const resource = queues.get(QueueUrl) ?? QueueUrl;
    return { service: "sqs", requests: [{ action: `sqs:${operation}`, resource }] };
  }
  const { tables, keys } = dynamoDbItems(operation, parameters);
  const known = new Map([
    [names.logTable, "logs"],
    [names.itemTable, "items"],
  ]);
  const action = `dynamodb:${operation}`;
  return { service: "dynamodb", requests: tables.map((name) => ({ action, resource: known.get(name) ?? name, keys })) };
}

const key = z.object({ pk: z.object({ S: z.string() }) }).transform(({ pk }) => pk.S);
const table = z.string();

/** The table and the partition keys that a request names; a Query names its key as the value of `pk = :placeholder`. */
function dynamoDbItems(operation: string, parameters: unknown): { readonly tables: string[]; readonly keys: string[] } {
  switch (operation) {
    case "PutItem": {
      const { TableName, Item } = z.object({ TableName: table, Item: key }).parse(parameters);
      return { tables: [TableName], keys: [Item] };
    }
    case "GetItem":
    case "UpdateItem":
    case "DeleteItem": {
      const { TableName, Key } = z.object({ TableName: table, Key: key }).parse(parameters);
      return { tables: [TableName], keys: [Key] };
    }
    case "Query": {
      const query = z.object({
        TableName: table,
        KeyConditionExpression: z.string(),
        ExpressionAttributeValues: z.record(z.string(), z.object({ S: z.string().optional() })),
      });
      const { TableName, KeyConditionExpression, ExpressionAttributeValues } = query.parse(parameters);
      const placeholder = /\bpk ?= ?(:\w+)/.exec(KeyConditionExpression)?.[1] ?? "";
      return { tables: [TableName], keys: [z.string().parse(ExpressionAttributeValues[placeholder]?.S)] };
    }
    case "BatchWriteItem": {
      const deletion = z.object({ DeleteRequest: z.object({ Key: key }) });
      const { RequestItems } = z.object({ RequestItems: z.record(table, z.array(deletion)) }).parse(parameters);
      const keys = Object.values(RequestItems).flatMap((items) => items.map(({ DeleteRequest }) => DeleteRequest.Key));
      return { tables: Object.keys(RequestItems), keys };
    }
    default:
      return { tables: ["?"], keys: [] };
  }
}

function s3Requests(method: string, url: string, body: Buffer, bucket: string): StorageRequest[] {
  const { pathname, searchParams } = new URL(url, "http://s3");
  const [, named, ...rest] = decodeURIComponent(pathname).split("/");
  if (named !== bucket) return [{ action: "?", resource: pathname }];
  const objectKey = rest.join("/");
  if (method === "PUT") return [{ action: "s3:PutObject", resource: `blobs/${objectKey}` }];
  if (method === "GET" && objectKey !== "") return [{ action: "s3:GetObject", resource: `blobs/${objectKey}` }];
  if (method === "GET") return [{ action: "s3:ListBucket", resource: "blobs" }];
  if (method === "POST" && searchParams.has("delete")) {
    const keys = [...body.toString().matchAll(/<Key>([^<]+)<\/Key>/g)];
    return keys.map(([, deleted]) => ({ action: "s3:DeleteObject", resource: `blobs/${deleted}` }));
  }
  return [{ action: `? ${method}`, resource: `blobs/${objectKey}` }];
}

async function forward(
  endpoint: string,
  incoming: IncomingMessage,
  body: Buffer,
  answer: ServerResponse,
): Promise<void> {
  const { method, headers, url } = incoming;
  const outgoing = httpRequest(new URL(url ?? "/", endpoint), { method, headers }).end(body);
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  answer.writeHead(response.statusCode ?? 502, response.headers).end(await readBytes(response));
}

function refuse(service: Service, answer: ServerResponse): void {
  if (service === "s3") {
    const error = "<Error><Code>AccessDenied</Code><Message>refused by the gate</Message></Error>";
    answer.writeHead(403, { "content-type": "application/xml" }).end(error);
    return;
  }
  const error = { __type: "com.amazon.coral.service#AccessDeniedException", message: "refused by the gate" };
  answer.writeHead(400, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(error));
}

async function readBytes(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
