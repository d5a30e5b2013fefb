import { describe, expect, test } from "vitest";
import { credentialOf, type ScramCredential } from "../../../../gateway/kafka/sasl/scram-credential.ts";
import type { ScramMechanism } from "../../../../gateway/kafka/sasl/scram-mechanism.ts";
import { CredentialStore } from "../../../../gateway/kafka/security/credential-store.ts";
import { namespace, type SecurityProcess, SecurityWorld } from "./security-world.ts";

function credential(mechanism: ScramMechanism, byte: number): ScramCredential {
  const basis = { salt: Buffer.alloc(16, byte), iterations: 4_096 };
  return credentialOf(mechanism, Buffer.alloc(32, byte), basis);
}

async function started(process: SecurityProcess, secret = "random"): Promise<CredentialStore> {
  const store = new CredentialStore(process.access, Buffer.from(secret));
  await store.start(process.signal);
  return store;
}

const one = credential("SCRAM-SHA-256", 1);
const other = credential("SCRAM-SHA-512", 2);
const guest = { namespace, identities: [{ scheme: "ip", id: "127.0.0.1" }] };

describe("the credential store", () => {
  test("keeps credentials where Kafka does, and gives each mechanism's back", async () => {
    const world = new SecurityWorld();
    await world.run(async () => {
      const process = world.start();
      const store = await started(process);
      await store.change("a/b c*", new Map([["SCRAM-SHA-256", one]]));
      await store.change("a/b c*", new Map([["SCRAM-SHA-512", other]]));
      expect(store.find("SCRAM-SHA-256", "a/b c*")).toEqual(one);
      expect(store.find("SCRAM-SHA-512", "a/b c*")).toEqual(other);
      expect(store.find("SCRAM-SHA-256", "a")).toBeUndefined();
      expect(store.find("SCRAM-SHA-256", "\uD800")).toBeUndefined();
      expect(store.usernames()).toEqual(["a/b c*"]);
      const { data } = await process.services.znodes.getData(
        { namespace, identities: [{ scheme: "super", id: "" }] },
        "/config/users/a%2Fb%20c%2A",
      );
      expect(JSON.parse(Buffer.from(data ?? []).toString())).toEqual({
        version: 1,
        config: {
          "SCRAM-SHA-256": expect.stringMatching(/^salt=[^,]+,stored_key=[^,]+,server_key=[^,]+,iterations=4096$/),
          "SCRAM-SHA-512": expect.any(String),
        },
      });
    });
  });

  test("lets nobody read credentials who may write them", async () => {
    const world = new SecurityWorld();
    await world.run(async () => {
      const process = world.start();
      const store = await started(process);
      await store.change("alice", new Map([["SCRAM-SHA-256", one]]));
      const { znodes } = process.services;
      await expect(znodes.getData(guest, "/config/users/alice")).rejects.toMatchObject({ code: "NO_AUTH" });
      await expect(znodes.getData(guest, "/config/streamkeeper/scram-secret")).rejects.toMatchObject({
        code: "NO_AUTH",
      });
      await znodes.setData(guest, { path: "/config/users/alice", data: null, version: -1 });
      await world.until(process, () => store.credentials("alice") === undefined);
      expect(store.credentials("alice")).toBeUndefined();
    });
  });

  test("gives up what it is told to, or nothing where one is not there; the znode goes with the last", async () => {
    const world = new SecurityWorld();
    await world.run(async () => {
      const process = world.start();
      const store = await started(process);
      await store.change("alice", new Map([["SCRAM-SHA-256", one]]));
      const both = new Map<ScramMechanism, undefined>([
        ["SCRAM-SHA-256", undefined],
        ["SCRAM-SHA-512", undefined],
      ]);
      expect(await store.change("alice", both)).toEqual(["SCRAM-SHA-512"]);
      expect(store.find("SCRAM-SHA-256", "alice")).toEqual(one);
      expect(await store.change("alice", new Map([["SCRAM-SHA-256", undefined]]))).toEqual([]);
      expect(store.usernames()).toEqual([]);
      await expect(process.services.znodes.exists(guest, "/config/users/alice")).rejects.toMatchObject({
        code: "NO_NODE",
      });
    });
  });

  test("knows what another gateway wrote, and asks the store for nothing when looked at", async () => {
    const world = new SecurityWorld();
    await world.run(async () => {
      const [first, second] = [world.start(), world.start()];
      const writer = await started(first, "one");
      await writer.change("alice", new Map([["SCRAM-SHA-256", one]]));
      const reader = await started(second, "two");
      expect(reader.find("SCRAM-SHA-256", "alice")).toEqual(one);
      expect([...reader.unknownSecret]).toEqual([...writer.unknownSecret]);
      await writer.change("bob", new Map([["SCRAM-SHA-512", other]]));
      await world.until(second, () => reader.find("SCRAM-SHA-512", "bob") !== undefined);
      const before = second.total();
      expect(reader.find("SCRAM-SHA-512", "bob")).toEqual(other);
      expect(reader.usernames()).toEqual(["alice", "bob"]);
      expect(second.total()).toBe(before);
    });
  });
});
