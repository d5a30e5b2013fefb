import { describe, expect, test } from "vitest";
import {
  decodeBroker,
  decodeClusterId,
  decodeController,
  decodeEpoch,
  encodeBroker,
  encodeClusterId,
  encodeController,
  encodeEpoch,
  nodeIdOf,
} from "../../../shared/topics/broker-znodes.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const json = (data: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(data));

describe("a broker's znode", () => {
  test("says what a broker of Kafka's says", () => {
    expect(json(encodeBroker({ host: "broker.example", port: 9_092 }, "PLAINTEXT", 1_700_000_000_000))).toEqual({
      features: {},
      listener_security_protocol_map: { PLAINTEXT: "PLAINTEXT" },
      endpoints: ["PLAINTEXT://broker.example:9092"],
      jmx_port: -1,
      port: 9_092,
      host: "broker.example",
      version: 5,
      timestamp: "1700000000000",
    });
  });

  test.each(["SSL", "SASL_PLAINTEXT", "SASL_SSL"] as const)(
    "names no host for clients without security with %s",
    (protocol) => {
      const written = json(encodeBroker({ host: "broker.example", port: 9_092 }, protocol, 0));
      expect(written).toMatchObject({ host: null, port: -1, endpoints: [`${protocol}://broker.example:9092`] });
    },
  );

  test.each(["127.0.0.1", "broker.example", "2001:db8::1"])("is read back with %s", (host) => {
    const endpoint = { host, port: 19_092 };
    expect(decodeBroker(encodeBroker(endpoint, "SASL_SSL", 0))).toEqual(endpoint);
  });

  test.each(["", "[]", "null", "{", '{"endpoints":[]}', '{"endpoints":["PLAINTEXT://:1"]}'])(
    "is none as %j",
    (text) => {
      expect(decodeBroker(bytes(text))).toBeUndefined();
    },
  );

  test.each(["h:0", "h:65536", "h", "h/x:1", "h h:1", `${"h".repeat(254)}:1`])("has no endpoint %s", (address) => {
    expect(decodeBroker(bytes(JSON.stringify({ endpoints: [`PLAINTEXT://${address}`] })))).toBeUndefined();
  });
});

test("the other znodes are read back, and what was written by hand is nothing", () => {
  expect(json(encodeController(3, 5))).toEqual({ version: 2, brokerid: 3, timestamp: "5", kraftControllerEpoch: -1 });
  expect(decodeController(encodeController(3, 5))).toBe(3);
  expect(decodeController(bytes('{"brokerid":-1}'))).toBeUndefined();
  expect(decodeController(null)).toBeUndefined();
  expect(decodeEpoch(encodeEpoch(12))).toBe(12);
  expect(decodeEpoch(bytes("x"))).toBe(0);
  expect(json(encodeClusterId("AAECAwQFBgcICQoLDA0ODw"))).toEqual({ version: "1", id: "AAECAwQFBgcICQoLDA0ODw" });
  expect(decodeClusterId(encodeClusterId("AAECAwQFBgcICQoLDA0ODw"))).toBe("AAECAwQFBgcICQoLDA0ODw");
  expect(decodeClusterId(bytes('{"id":"a b"}'))).toBeUndefined();
});

test("node ids are whole numbers of 31 bits, written in one way", () => {
  expect(["0", "1001", "2147483647"].map(nodeIdOf)).toEqual([0, 1_001, 2_147_483_647]);
  expect(["", "-1", "01", "1.0", "1e3", "2147483648", "x"].map(nodeIdOf).every((id) => id === undefined)).toBe(true);
});
