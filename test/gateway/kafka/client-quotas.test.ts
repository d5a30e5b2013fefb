import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { metadata } from "../../../gateway/kafka/protocol/apis/metadata.ts";
import { alterClientQuotas, describeClientQuotas } from "../../../gateway/kafka/protocol/apis/client-quotas.ts";
import { fetch } from "../../../gateway/kafka/protocol/apis/fetch.ts";
import { type GatewayBed, gatewayBed, namespace } from "./gateway-bed.ts";
import { WireClient } from "./wire-client.ts";

let bed: GatewayBed;
beforeAll(async () => {
  bed = await gatewayBed();
  await bed.services.topics.create(namespace, { name: "orders" });
  const record = { key: null, value: new Uint8Array(3_000), headers: [] };
  await bed.services.produce.produceRecords({ namespace, topic: "orders", partition: 0, records: [record] });
});
afterAll(() => bed.close());

interface Op {
  readonly key?: string;
  readonly value?: number;
  readonly remove?: boolean;
}
type Entity = readonly (readonly [string, string | null])[];

const wire = (entity: Entity) => entity.map(([entityType, entityName]) => ({ entityType, entityName }));

async function alter(entity: Entity, op: Op, validateOnly = false): Promise<number | undefined> {
  const { key = "consumer_byte_rate", value = 0, remove = false } = op;
  const entries = [{ entity: wire(entity), ops: [{ key, value, remove }] }];
  return (await bed.client.send(alterClientQuotas, { entries, validateOnly })).entries[0]?.errorCode;
}

async function described(components: readonly (readonly [string, number, string | null])[], strict = false) {
  const asked = components.map(([entityType, matchType, match]) => ({ entityType, matchType, match }));
  const { entries } = await bed.client.send(describeClientQuotas, { components: asked, strict });
  const found = (entries ?? []).map(
    ({ entity, values }) =>
      [
        entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`).join(","),
        Object.fromEntries(values.map(({ key, value }) => [key, value])),
      ] as const,
  );
  return found.toSorted(([one], [other]) => (one < other ? -1 : 1));
}

describe("quotas", () => {
  test("are kept by user, by client and by both, found by what is asked for, and removed", async () => {
    const both: Entity = [
      ["user", "al/ice"],
      ["client-id", null],
    ];
    expect(await alter(both, { value: 1_000_000 })).toBe(0);
    expect(await alter([["user", "al/ice"]], { value: 2_000_000.5 })).toBe(0);
    expect(await alter([["client-id", "app"]], { key: "producer_byte_rate", value: 3_000_000 })).toBe(0);
    expect(await alter([["client-id", "dry"]], { value: 3_000_000 }, true)).toBe(0);
    expect(await described([])).toHaveLength(3);
    expect(await described([["user", 0, "al/ice"]])).toEqual([
      ["user=al/ice", { consumer_byte_rate: 2_000_000.5 }],
      ["user=al/ice,client-id=null", { consumer_byte_rate: 1_000_000 }],
    ]);
    expect(await described([["user", 2, null]], true)).toEqual([["user=al/ice", { consumer_byte_rate: 2_000_000.5 }]]);
    expect(await described([["client-id", 1, null]])).toHaveLength(1);
    expect(await described([["client-id", 0, "app"]])).toEqual([["client-id=app", { producer_byte_rate: 3_000_000 }]]);
    expect(await alter([["user", "al/ice"]], { remove: true })).toBe(0);
    expect(await alter(both, { remove: true })).toBe(0);
    expect(await alter([["client-id", "app"]], { key: "producer_byte_rate", remove: true })).toBe(0);
    expect(await described([])).toEqual([]);
  });

  test("that nobody enforces cannot be set", async () => {
    expect(await alter([["user", "alice"]], { key: "request_percentage", value: 50 })).toBe(42);
    expect(await alter([["ip", "10.0.0.1"]], { key: "connection_creation_rate", value: 50 })).toBe(42);
    expect(await alter([["user", "alice"]], { value: 0 })).toBe(42);
    expect(await alter([["user", ""]], { value: 1 })).toBe(42);
    expect(await alter([], { value: 1 })).toBe(42);
    const asked = { components: [{ entityType: "ip", matchType: 2, match: null }], strict: false };
    expect((await bed.client.send(describeClientQuotas, asked)).errorCode).toBe(42);
    expect(await described([])).toEqual([]);
  });

  test("let a client that has used its rate up wait, and no other", async () => {
    await alter([["client-id", "slow"]], { value: 1_000 });
    const [slow, other] = [await WireClient.connect(bed.port, "slow"), await WireClient.connect(bed.port, "other")];
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000 }];
    const request = { maxWaitMs: 0, minBytes: 0, isolationLevel: 0, topics: [{ topic: "orders", partitions }] };
    const { throttleTimeMs, responses } = await slow.send(fetch, request);
    expect(throttleTimeMs).toBeGreaterThan(2_000);
    expect(throttleTimeMs).toBeLessThan(2_300);
    expect(responses[0]?.partitions[0]?.records?.length).toBeGreaterThan(3_000);
    expect((await other.send(fetch, request)).throttleTimeMs).toBe(0);
    // It is not even read.
    const next = slow.send(metadata, { topics: [] }).then(
      () => "answered",
      () => "closed",
    );
    for (let round = 0; round < 5; round += 1) await other.send(metadata, { topics: [] });
    slow.close();
    expect(await next).toBe("closed");
    other.close();
    await alter([["client-id", "slow"]], { remove: true });
  });
});
