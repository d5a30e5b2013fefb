import { describe, expect, test } from "vitest";
import * as sdk from "../../../client/index.ts";
import type { Command } from "../../../client/index.ts";
import { answer, ScriptedServer } from "../scripted-server.ts";

interface Case {
  readonly command: Command<object, object>;
  /** Method and URL behind the namespace. */
  readonly request: string;
  readonly body?: object;
  readonly answered: object;
  readonly output?: object;
  readonly repeat: sdk.Repeat;
}

const owner = { transactionalId: "pay/1", producerId: 77n, producerEpoch: 3 };
const proof = { producerId: "77", producerEpoch: 3 };
const next = { producerId: "77", producerEpoch: 4 };
const group = "mail";
const memberId = "worker-1";
const range = { topic: "t", partition: 0, firstOffset: 4, lastOffset: 6, type: "accept" } as const;
const config = { lockMs: 5_000, deliveriesMax: 3, startAt: "earliest", isolation: "read_committed" } as const;
const described = {
  ...owner,
  producerId: "77",
  state: "Ongoing",
  timeoutMs: 60_000,
  startedAtMs: 5,
  partitions: [{ topic: "t", partitions: [0, 2] }],
  groups: ["g"],
};
const record = { offset: 4, timestamp: 5, key: null, value: { base64: "3q2+7w==" }, headers: [] };

const cases: readonly Case[] = [
  {
    command: new sdk.CreateProducerCommand({ transactionalId: "pay/1", timeoutMs: 5_000 }),
    request: "POST /producers",
    body: { transactionalId: "pay/1", timeoutMs: 5_000 },
    answered: proof,
    output: { producerId: 77n, producerEpoch: 3 },
    repeat: "repeatable",
  },
  {
    command: new sdk.AddPartitionsToTransactionCommand({ ...owner, partitions: [{ topic: "t", partitions: [0, 2] }] }),
    request: "POST /transactions/pay%2F1/partitions",
    body: { ...proof, partitions: [{ topic: "t", partitions: [0, 2] }] },
    answered: {},
    repeat: "repeatable",
  },
  {
    command: new sdk.AddOffsetsToTransactionCommand({
      ...owner,
      group: "g",
      memberId: "m",
      memberEpoch: 2,
      offsets: [{ topic: "t", partition: 0, offset: 9 }],
    }),
    request: "POST /transactions/pay%2F1/offsets",
    body: { ...proof, group: "g", memberId: "m", memberEpoch: 2, offsets: [{ topic: "t", partition: 0, offset: 9 }] },
    answered: {},
    repeat: "repeatable",
  },
  {
    command: new sdk.CommitTransactionCommand(owner),
    request: "POST /transactions/pay%2F1/commit",
    body: proof,
    answered: next,
    output: { producerId: 77n, producerEpoch: 4 },
    repeat: "repeatable",
  },
  {
    command: new sdk.AbortTransactionCommand(owner),
    request: "POST /transactions/pay%2F1/abort",
    body: proof,
    answered: next,
    output: { producerId: 77n, producerEpoch: 4 },
    repeat: "repeatable",
  },
  {
    command: new sdk.DescribeTransactionCommand({ transactionalId: "pay/1" }),
    request: "GET /transactions/pay%2F1",
    answered: described,
    repeat: "read",
  },
  {
    command: new sdk.ListTransactionsCommand({ limit: 2, nextToken: "x" }),
    request: "GET /transactions?limit=2&nextToken=x",
    answered: { transactions: [described] },
    repeat: "read",
  },
  {
    command: new sdk.ExecuteTransactionCommand({
      produce: [{ topic: "t", records: [{ key: "k", value: "v", partition: 1 }] }],
      offsets: [{ group: "g", offsets: [{ topic: "s", partition: 0, offset: 9 }] }],
    }),
    request: "POST /transactions",
    body: {
      produce: [{ topic: "t", records: [{ key: "k", value: "v", partition: 1 }] }],
      offsets: [{ group: "g", offsets: [{ topic: "s", partition: 0, offset: 9 }] }],
    },
    answered: { results: [{ topic: "t", partition: 1, offset: 8, timestamp: 5 }] },
    repeat: "keyed",
  },
  {
    command: new sdk.ConfigureShareGroupCommand({ group, lockMs: 5_000 }),
    request: "PUT /share-groups/mail",
    body: { config: { lockMs: 5_000 } },
    answered: { config },
    repeat: "repeatable",
  },
  {
    command: new sdk.DescribeShareGroupCommand({ group }),
    request: "GET /share-groups/mail",
    answered: { group, config, partitions: [] },
    repeat: "read",
  },
  {
    command: new sdk.DeleteShareGroupCommand({ group }),
    request: "DELETE /share-groups/mail",
    answered: {},
    repeat: "once",
  },
  {
    command: new sdk.ListShareGroupsCommand({ limit: 1 }),
    request: "GET /share-groups?limit=1",
    answered: { groups: [{ group }], nextToken: "m" },
    repeat: "read",
  },
  {
    command: new sdk.AcquireRecordsCommand({ group, topics: ["t"], memberId, maxRecords: 5 }),
    request: "POST /topics/t/share-groups/mail/acquire",
    body: { memberId, maxRecords: 5 },
    answered: { records: [{ ...record, topic: "t", partition: 0, deliveryCount: 2 }], lockMs: 5_000 },
    output: {
      records: [{ ...record, value: Buffer.from("deadbeef", "hex"), topic: "t", partition: 0, deliveryCount: 2 }],
      lockMs: 5_000,
    },
    repeat: "repeatable",
  },
  {
    command: new sdk.AcknowledgeRecordsCommand({ group, memberId, acknowledgements: [range] }),
    request: "POST /topics/t/share-groups/mail/acknowledge",
    body: { memberId, acknowledgements: [{ ...range, topic: undefined }] },
    answered: { results: [range] },
    repeat: "repeatable",
  },
  {
    command: new sdk.AcquireRecordsCommand({ group, topics: ["t", "u"], memberId }),
    request: "POST /share-groups/mail/acquire",
    body: { topics: ["t", "u"], memberId },
    answered: { records: [], lockMs: 5_000 },
    repeat: "repeatable",
  },
  {
    command: new sdk.AcknowledgeRecordsCommand({
      group,
      memberId,
      acknowledgements: [range, { ...range, topic: "u" }],
    }),
    request: "POST /share-groups/mail/acknowledge",
    body: { memberId, acknowledgements: [range, { ...range, topic: "u" }] },
    answered: { results: [range] },
    repeat: "repeatable",
  },
  {
    command: new sdk.RedriveRecordsCommand({ group, maxRecords: 7 }),
    request: "POST /share-groups/mail/redrive",
    body: { maxRecords: 7 },
    answered: { redriven: 7, more: true },
    repeat: "repeatable",
  },
];

describe("a command", () => {
  test.each(cases.map((one) => [one.command.name, one.request, one] as const))(
    "%s is %s",
    async (_, request, { command, body, answered, output = answered, repeat }) => {
      expect(command.repeat).toBe(repeat);
      await using server = await ScriptedServer.start(answer(200, answered));
      using client = new sdk.StreamkeeperClient({ endpoint: server.endpoint });
      const { $metadata: _metadata, ...got } = await client.send(command);
      expect(got).toEqual(output);
      const [seen] = server.seen;
      const [method, url] = request.split(" ");
      expect(`${seen?.method} ${seen?.url}`).toBe(`${method} /v1/default${url}`);
      expect(seen?.body.length === 0 ? undefined : JSON.parse(String(seen?.body))).toEqual(body);
      expect(seen?.headers["idempotency-key"] !== undefined).toBe(repeat === "keyed");
    },
  );

  test("that every route of transactions and share groups has is there", () => {
    const named = Object.keys(sdk).filter((name) => /(?:Transaction|ShareGroups?|Records)Command$/.test(name));
    const tested = new Set(cases.map(({ command }) => command.name));
    expect(named.filter((name) => !tested.has(name))).toEqual([]);
  });
});
