import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { alterConfigs, incrementalAlterConfigs } from "../../../../gateway/kafka/protocol/apis/alter-configs.ts";
import { describeConfigs } from "../../../../gateway/kafka/protocol/apis/describe-configs.ts";
import { topicConfigKeys } from "../../../../shared/topics/topic-config.ts";
import { type GatewayBed, gatewayBed, namespace } from "../gateway-bed.ts";

const topic = { resourceType: 2, resourceName: "t" };
let bed: GatewayBed;
beforeAll(async () => {
  bed = await gatewayBed();
});
afterEach(() => expect(bed.failures).toEqual([]));
afterAll(() => bed.close());

async function create(config: Readonly<Record<string, string>>): Promise<void> {
  await bed.services.topics.delete(namespace, "t").catch(() => undefined);
  await bed.services.topics.create(namespace, { name: "t", config });
}

async function configNow(): Promise<Readonly<Record<string, string>>> {
  return (await bed.services.topics.describe(namespace, "t")).config;
}

describe("DescribeConfigs", () => {
  test("of a topic tells every key with its source, type, synonyms and documentation, in every version", async () => {
    await create({ "retention.ms": "1000" });
    for (const version of [1, 2, 3, 4]) {
      const request = { resources: [topic], includeSynonyms: true, includeDocumentation: true };
      const { results } = await bed.client.send(describeConfigs, request, version);
      const configs = results[0]?.configs ?? [];
      expect(configs.map(({ name }) => name)).toEqual([...topicConfigKeys.keys()]);
      expect(configs.find(({ name }) => name === "retention.ms")).toMatchObject({
        value: "1000",
        configSource: 1,
        synonyms: [
          { name: "retention.ms", value: "1000", source: 1 },
          { name: "retention.ms", value: "604800000", source: 5 },
        ],
        configType: version >= 3 ? 5 : 0,
      });
      expect(configs.find(({ name }) => name === "cleanup.policy")).toMatchObject({ value: "delete", configSource: 5 });
      for (const { name, documentation } of configs) {
        if (version >= 3) expect(documentation, name).toMatch(/^[A-Z].+\.$/);
        else expect(documentation).toBeNull();
      }
    }
  });

  test("tells only what is asked for", async () => {
    await create({});
    const asked = { ...topic, configurationKeys: ["retention.ms", "unknown"] };
    const { results } = await bed.client.send(describeConfigs, { resources: [asked] });
    expect(results[0]?.configs).toMatchObject([{ name: "retention.ms", synonyms: [], documentation: null }]);
  });

  test("of a gateway tells what it goes by; of anything else that there is nothing", async () => {
    const resources = [
      { resourceType: 4, resourceName: "1" },
      { resourceType: 4, resourceName: "" },
      { resourceType: 4, resourceName: "7" },
      { resourceType: 2, resourceName: "unknown" },
      { resourceType: 8, resourceName: "1" },
    ];
    const { results } = await bed.client.send(describeConfigs, { resources });
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, 0, 42, 3, 42]);
    expect(results[0]?.configs).toContainEqual(
      expect.objectContaining({ name: "broker.id", value: "1", readOnly: true }),
    );
    expect(results[1]?.configs).toEqual([]);
  });
});

describe("AlterConfigs", () => {
  test("replaces the whole configuration of a topic, in every version", async () => {
    for (const version of [0, 1, 2]) {
      await create({ "retention.ms": "1000", "segment.ms": "5000" });
      const configs = [{ name: "retention.ms", value: "7" }];
      const { responses } = await bed.client.send(alterConfigs, { resources: [{ ...topic, configs }] }, version);
      expect(responses).toEqual([{ ...topic, errorCode: 0, errorMessage: null }]);
      expect(await configNow()).toEqual({ "retention.ms": "7" });
    }
  });
});

describe("IncrementalAlterConfigs", () => {
  const [set, remove, append, subtract] = [0, 1, 2, 3];
  const alter = async (name: string, configOperation: number | undefined, value: string | null, more = {}) => {
    const configs = [{ name, configOperation: configOperation ?? -1, value }];
    const request = { resources: [{ ...topic, configs }], ...more };
    return (await bed.client.send(incrementalAlterConfigs, request)).responses[0]?.errorCode;
  };

  test("sets, deletes, appends to and takes from a topic's configuration", async () => {
    await create({ "segment.ms": "5000" });
    expect(await alter("retention.ms", set, "7")).toBe(0);
    expect(await alter("segment.ms", remove, null)).toBe(0);
    expect(await alter("cleanup.policy", append, "compact")).toBe(0);
    expect(await configNow()).toEqual({ "retention.ms": "7", "cleanup.policy": "delete,compact" });
    expect(await alter("cleanup.policy", append, "compact")).toBe(0);
    expect(await alter("cleanup.policy", subtract, "delete")).toBe(0);
    expect(await configNow()).toEqual({ "retention.ms": "7", "cleanup.policy": "compact" });
  });

  test("loses nothing of what others change at the same time", async () => {
    await create({ "leader.replication.throttled.replicas": "0:1" });
    const elements = ["1:1", "2:1", "3:1", "4:1"];
    const changes = elements.map((element) => alter("leader.replication.throttled.replicas", append, element));
    expect(await Promise.all(changes)).toEqual([0, 0, 0, 0]);
    const now = (await configNow())["leader.replication.throttled.replicas"]?.split(",");
    expect(now?.toSorted()).toEqual(["0:1", ...elements]);
  });

  test("refuses what Kafka refuses, and only validates where nothing more is asked for", async () => {
    await create({});
    expect(await alter("retention.ms", set, "soon")).toBe(40);
    expect(await alter("retention.ms", set, null)).toBe(40);
    expect(await alter("retention.ms", append, "7")).toBe(40);
    expect(await alter("no.such.key", set, "7")).toBe(40);
    expect(await alter("retention.ms", 9, "7")).toBe(42);
    expect(await alter("retention.ms", set, "7", { validateOnly: true })).toBe(0);
    expect(await alter("retention.ms", set, "soon", { validateOnly: true })).toBe(40);
    expect(await configNow()).toEqual({});
    const resources = [
      { resourceType: 2, resourceName: "unknown", configs: [] },
      { resourceType: 4, resourceName: "1", configs: [] },
    ];
    const { responses } = await bed.client.send(incrementalAlterConfigs, { resources });
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([3, 42]);
  });
});
