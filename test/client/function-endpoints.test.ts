import { describe, expect, test } from "vitest";
import {
  CreateProducerCommand,
  FetchBatchesCommand,
  FetchCommand,
  GetOffsetCommand,
  HealthCommand,
  ListTopicsCommand,
  ProduceBatchesCommand,
  ProduceCommand,
  ProduceToPartitionCommand,
  StreamkeeperClient,
  TruncateCommand,
} from "../../client/index.ts";
import type { Command } from "../../client/command.ts";
import type { StreamkeeperClientOptions } from "../../client/index.ts";
import { refuse, ScriptedServer } from "./scripted-server.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const target = { topic: "a b", partition: 0 };
const produced = [
  new ProduceCommand({ topic: "a b", records: [{ value: "v" }] }),
  new ProduceToPartitionCommand({ ...target, records: [{ value: "v" }] }),
  new ProduceBatchesCommand({ ...target, batches: new Uint8Array(1) }),
  new TruncateCommand({ ...target, beforeOffset: 1 }),
  new CreateProducerCommand({}),
];
const fetched = [
  new FetchCommand(target),
  new FetchBatchesCommand({ ...target, offset: 0 }),
  new GetOffsetCommand({ ...target, at: "latest" }),
];
const others = [new HealthCommand(), new ListTopicsCommand()];

/** What each of three servers got when all commands were sent. */
async function sendAll(options: Partial<StreamkeeperClientOptions> = {}) {
  const step = refuse(404, "NOT_FOUND");
  await using api = await ScriptedServer.start(step);
  await using produce = await ScriptedServer.start(step);
  await using fetch = await ScriptedServer.start(step);
  using client = new StreamkeeperClient({
    endpoint: `${api.endpoint}/stage`,
    endpoints: { produce: `${produce.endpoint}/`, fetch: fetch.endpoint },
    ...options,
  });
  for (const command of [...produced, ...fetched, ...others] as readonly Command<object, object>[]) {
    await client.send(command).catch(() => undefined);
  }
  return { api: api.seen, produce: produce.seen, fetch: fetch.seen };
}

const serviceOf = ({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): string | undefined =>
  /Credential=\w+\/\d+\/(\S+)\/aws4_request/.exec(String(headers["authorization"]))?.[1];

describe("a client with endpoints of functions", () => {
  test("sends each function what it serves, and all else to the API", async () => {
    const seen = await sendAll();
    expect(seen.produce.map(({ url }) => url)).toEqual([
      "/v1/default/topics/a%20b/records",
      "/v1/default/topics/a%20b/partitions/0/records",
      "/v1/default/topics/a%20b/partitions/0/records",
      "/v1/default/topics/a%20b/partitions/0/truncate",
      "/v1/default/producers",
    ]);
    expect(seen.fetch.map(({ url }) => url.split("?")[0])).toEqual([
      "/v1/default/topics/a%20b/partitions/0/records",
      "/v1/default/topics/a%20b/partitions/0/records",
      "/v1/default/topics/a%20b/partitions/0/offsets",
    ]);
    expect(seen.api.map(({ url }) => url.split("?")[0])).toEqual(["/stage/health", "/stage/v1/default/topics"]);
  });

  test("sends all to the API where it is told of no other", async () => {
    const { api, produce, fetch } = await sendAll({ endpoints: {} });
    expect([api.length, produce.length, fetch.length]).toEqual([
      produced.length + fetched.length + others.length,
      0,
      0,
    ]);
  });

  test("signs for Lambda there, and for API Gateway elsewhere, in one region", async () => {
    const seen = await sendAll({ credentials, region: "eu-west-1" });
    expect(new Set([...seen.produce, ...seen.fetch].map(serviceOf))).toEqual(new Set(["eu-west-1/lambda"]));
    expect(new Set(seen.api.map(serviceOf))).toEqual(new Set(["eu-west-1/execute-api"]));
  });

  test("takes region and service from host names, and the API's region where they name none", () => {
    const { endpoint, endpoints } = new StreamkeeperClient({
      endpoint: "https://abc.execute-api.eu-west-1.amazonaws.com",
      endpoints: { produce: "https://p.lambda-url.eu-west-1.on.aws/", fetch: "https://fetch.example.com" },
      credentials,
    }).configuration;
    expect(endpoint.signing).toEqual({ region: "eu-west-1", service: "execute-api" });
    expect(endpoints.produce).toMatchObject({ basePath: "", signing: { region: "eu-west-1", service: "lambda" } });
    expect(endpoints.fetch?.signing).toEqual({ region: "eu-west-1", service: "lambda" });
  });

  test("refuses one for a function that has no URL, or that is none", () => {
    const endpoint = "http://127.0.0.1";
    const endpoints = { groups: endpoint } as object;
    expect(() => new StreamkeeperClient({ endpoint, endpoints })).toThrow("groups");
    expect(() => new StreamkeeperClient({ endpoint, endpoints: { fetch: "fetch" } })).toThrow("http or https");
  });
});
