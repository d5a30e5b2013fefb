import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDynamoDbClient } from "../../../../shared/storage/aws/dynamodb-client.ts";
import { DynamoDbItemStore } from "../../../../shared/storage/aws/dynamodb-item-store.ts";
import { AwsRequests } from "../../../../shared/storage/aws/aws-requests.ts";
import { createNodeEnvironment } from "../../../../shared/storage/node/node-environment.ts";
import { type CannedServer, startCannedServer } from "../../../emulators/canned-server.ts";
import { emulatorCredentials, emulatorRegion } from "../../../emulators/emulators.ts";
import { itemKey } from "../contract/samples.ts";

const time = { wallMs: 1_000_000, monotonicMs: 500 };
const clock = { wallMs: () => time.wallMs, monotonicMs: () => time.monotonicMs };
let server: CannedServer;
let items: DynamoDbItemStore;
let close: () => void;

beforeEach(async () => {
  server = await startCannedServer();
  server.answers = [{ status: 200, headers: { "content-type": "application/x-amz-json-1.0" }, body: "{}" }];
  const options = { clock, endpoint: server.endpoint, region: emulatorRegion, credentials: emulatorCredentials };
  const client = createDynamoDbClient(options);
  items = new DynamoDbItemStore({ client, table: "items", requests: new AwsRequests(createNodeEnvironment()) });
  close = () => client.destroy();
});

afterEach(async () => {
  close();
  await server.stop();
});

test("uses a connection again that was in use not long ago", async () => {
  for (let request = 0; request < 5; request += 1) {
    await items.get(itemKey("a"));
    time.wallMs += 19_000;
    time.monotonicMs += 19_000;
  }
  expect(server.connections).toBe(1);
});

test("opens a new connection after a pause that only the wall clock saw", async () => {
  await items.get(itemKey("a"));
  time.wallMs += 60_000;
  await items.get(itemKey("a"));
  await items.get(itemKey("a"));
  expect(server.connections).toBe(2);
});

test("opens a new connection after a pause that only the monotonic clock saw", async () => {
  await items.get(itemKey("a"));
  time.monotonicMs += 60_000;
  await items.get(itemKey("a"));
  expect(server.connections).toBe(2);
});

test("copies no answer for a log that nobody writes", () => {
  const options = { clock, endpoint: server.endpoint, region: emulatorRegion, credentials: emulatorCredentials };
  const plain = new DynamoDBClient({ region: emulatorRegion });
  const ours = createDynamoDbClient(options);
  const logs = (client: DynamoDBClient): boolean =>
    client.middlewareStack.identify().some((middleware) => middleware.startsWith("loggerMiddleware"));
  expect(logs(plain), "the SDK still does").toBe(true);
  expect(logs(ours)).toBe(false);
});
