import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { Admin } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiVersions } from "../../../gateway/kafka/protocol/apis/api-versions.ts";
import { fetch } from "../../../gateway/kafka/protocol/apis/fetch.ts";
import { metadata } from "../../../gateway/kafka/protocol/apis/metadata.ts";
import { saslAuthenticate } from "../../../gateway/kafka/protocol/apis/sasl-authenticate.ts";
import { saslHandshake } from "../../../gateway/kafka/protocol/apis/sasl-handshake.ts";
import { type Mechanism, SecuredGateway } from "./secured-gateway.ts";
import { WireClient } from "./wire-client.ts";

const folder = new URL("../../fixtures/tls/", import.meta.url);
const cert = readFileSync(new URL("localhost.crt", folder), "utf8");
const key = readFileSync(new URL("localhost.key", folder), "utf8");

const security = { sasl: true, acl: "off", superUsers: [] } as const;
let plain: SecuredGateway;
let encrypted: SecuredGateway;
beforeAll(async () => {
  plain = await SecuredGateway.start(security);
  encrypted = await SecuredGateway.start(security, { cert, key });
  await plain.services.topics.create("default", { name: "orders" });
});
afterAll(async () => {
  await plain[Symbol.asyncDispose]();
  await encrypted[Symbol.asyncDispose]();
});

const token = (user: string, password = `${user}-secret`): Uint8Array => Buffer.from(`\0${user}\0${password}`);

describe.each<Mechanism>(["plain", "scram-sha-256", "scram-sha-512"])("KafkaJS by %s", (mechanism) => {
  test("gets in with the right password, over TLS or not", async () => {
    const admins = [
      plain.client("alice", { mechanism }),
      encrypted.client("alice", { mechanism, ssl: { ca: [cert] } }),
    ];
    for (const admin of admins.map((client) => client.admin())) {
      await admin.connect();
      expect((await admin.describeCluster()).brokers).toHaveLength(1);
      await admin.disconnect();
    }
  });

  test("does not get in with a wrong password, nor as nobody", async () => {
    const wrong = { mechanism, username: "alice", password: "bob-secret" };
    for (const client of [plain.client("alice", { sasl: wrong as never }), plain.client("nobody", { mechanism })]) {
      await expect(client.admin().connect()).rejects.toThrow("invalid credentials");
    }
  });
});

describe("a connection that has to authenticate", () => {
  async function connected(): Promise<WireClient> {
    return await WireClient.connect(plain.port);
  }

  test("is told the versions, and is closed when it asks for anything else", async () => {
    const client = await connected();
    expect((await client.send(apiVersions, {}, 0)).apiKeys.map(({ apiKey }) => apiKey)).toContain(17);
    await expect(client.send(metadata, { topics: null })).rejects.toThrow("closed");
  });

  test("may begin with SaslHandshake, and may do everything once it is in", async () => {
    const client = await connected();
    const { errorCode, mechanisms } = await client.send(saslHandshake, { mechanism: "PLAIN" });
    expect({ errorCode, mechanisms }).toEqual({
      errorCode: 0,
      mechanisms: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
    });
    const answer = await client.send(saslAuthenticate, { authBytes: token("alice") });
    expect(answer).toMatchObject({ errorCode: 0, errorMessage: null, sessionLifetimeMs: 0 });
    const { topics } = await client.send(metadata, { topics: null });
    expect(topics.map(({ name }) => name)).toContain("orders");
    client.close();
  });

  test("is told of a mechanism that is not there, and closed", async () => {
    const client = await connected();
    const { errorCode } = await client.send(saslHandshake, { mechanism: "GSSAPI" });
    expect(errorCode).toBe(33);
    await expect(client.send(saslHandshake, { mechanism: "PLAIN" })).rejects.toThrow("closed");
  });

  test("is told of a wrong password, and closed", async () => {
    const client = await connected();
    await client.send(saslHandshake, { mechanism: "PLAIN" });
    const answer = await client.send(saslAuthenticate, { authBytes: token("alice", "wrong") });
    expect(answer).toMatchObject({ errorCode: 58, errorMessage: expect.stringContaining("invalid credentials") });
    await expect(client.send(apiVersions, {}, 0)).rejects.toThrow("closed");
  });

  test("is closed when it authenticates before the handshake", async () => {
    const client = await connected();
    expect((await client.send(saslAuthenticate, { authBytes: token("alice") })).errorCode).toBe(34);
    await expect(client.send(apiVersions, {}, 0)).rejects.toThrow("closed");
  });

  test("may prove again who it is, and not become somebody else", async () => {
    const client = await connected();
    await client.send(saslHandshake, { mechanism: "PLAIN" });
    await client.send(saslAuthenticate, { authBytes: token("alice") });
    expect((await client.send(saslHandshake, { mechanism: "PLAIN" })).errorCode).toBe(0);
    expect((await client.send(saslAuthenticate, { authBytes: token("alice") })).errorCode).toBe(0);
    await client.send(saslHandshake, { mechanism: "PLAIN" });
    expect((await client.send(saslAuthenticate, { authBytes: token("bob") })).errorCode).toBe(58);
    await expect(client.send(metadata, { topics: null })).rejects.toThrow("closed");
  });

  test("cannot send more than authenticating takes", async () => {
    const client = await connected();
    await client.send(saslHandshake, { mechanism: "PLAIN" });
    await expect(client.send(saslAuthenticate, { authBytes: Buffer.alloc(600_000) })).rejects.toThrow("closed");
  });

  test("sends its tokens as frames of their own after SaslHandshake v0", async () => {
    const raw = await rawHandshake(plain.port);
    expect(await raw.exchange(frame(token("alice")))).toEqual(Buffer.alloc(4));
    // A request again: ApiVersions v0.
    const versions = await raw.exchange(frame(Buffer.from([0, 18, 0, 0, 0, 0, 0, 9, 0xff, 0xff])));
    expect(versions.subarray(4, 8)).toEqual(Buffer.from([0, 0, 0, 9]));
    raw.socket.destroy();
    const refused = await rawHandshake(plain.port);
    await expect(refused.exchange(frame(token("alice", "wrong")))).rejects.toThrow("closed");
  });
});

test("the tree's changes as a topic do not tell what is kept of passwords", async () => {
  const client = await plain.login("alice");
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }];
  const topics = [{ topic: "__znode_changes", partitions }];
  const { responses } = await client.send(fetch, { maxWaitMs: 0, minBytes: 0, isolationLevel: 0, topics }, 11);
  const told = Buffer.from(responses[0]?.partitions[0]?.records ?? []).toString("latin1");
  expect(told).toContain("/brokers/topics/orders");
  expect(told).not.toContain("scram-secret");
  expect(told).not.toContain("/config/users/alice");
  client.close();
});

test("authenticating is of no use where nobody has to", async () => {
  await using open = await SecuredGateway.start({ sasl: false, acl: "off", superUsers: [] });
  const client = await WireClient.connect(open.port);
  expect((await client.send(saslHandshake, { mechanism: "PLAIN" })).errorCode).toBe(34);
  client.close();
});

function frame(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

async function rawHandshake(port: number) {
  const socket: Socket = connect({ host: "127.0.0.1", port });
  const exchange = (sent: Uint8Array): Promise<Buffer> => {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    socket.once("data", resolve);
    socket.once("close", () => reject(new Error("closed")));
    socket.write(sent);
    return promise;
  };
  const handshake = Buffer.concat([Buffer.from([0, 17, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 5]), Buffer.from("PLAIN")]);
  await exchange(frame(handshake));
  return { socket, exchange };
}

test.each(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const)(
  "Platformatic's client, which asks for nothing before it has authenticated, gets in by %s",
  async (mechanism) => {
    const admin = new Admin({
      clientId: "test",
      bootstrapBrokers: [`127.0.0.1:${encrypted.port}`],
      tls: { ca: [cert] },
      sasl: { mechanism, username: "alice", password: "alice-secret" },
      retries: 0,
    });
    expect((await admin.metadata({ topics: [] })).brokers.size).toBe(1);
    await admin.close();
  },
);
