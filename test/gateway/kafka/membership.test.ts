import { describe, expect, test } from "vitest";
import { Membership, type MembershipOptions } from "../../../gateway/kafka/membership.ts";
import { NodeIdTakenError } from "../../../gateway/kafka/registrar.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Services } from "../../../shared/services/services.ts";
import { countRequests, type CountedStorage } from "../../../shared/storage/count-requests.ts";
import type { SimulatedProcess } from "../../../shared/storage/memory/simulated-process.ts";
import { SimulatedStore } from "../../../shared/storage/memory/simulated-store.ts";

const namespace = "default";
const sessionTimeoutMs = 6_000;

interface Member {
  readonly membership: Membership;
  readonly process: SimulatedProcess;
  readonly counted: CountedStorage;
  readonly services: Services;
}

/** Gateways under virtual time. Wake-ups are lost, as they are with the process that asked where there is no queue. */
class Gateways {
  readonly store = new SimulatedStore({ seed: 1 });
  readonly logged: string[] = [];
  readonly #members: Member[] = [];

  async start(options: Partial<MembershipOptions> = {}): Promise<Member> {
    const process = this.store.process();
    const counted = countRequests(process.storage);
    const services = createServices(counted.storage);
    const { clock, random, timers } = process.storage;
    const membership = await Membership.join({
      services,
      clock,
      random,
      timers,
      log: (_level, event) => void this.logged.push(event),
      namespace,
      endpoint: { host: "127.0.0.1", port: 9_000 + process.number },
      protocol: "PLAINTEXT",
      sessionTimeoutMs,
      isAlone: false,
      ...options,
    });
    const member = { membership, process, counted, services };
    this.#members.push(member);
    return member;
  }

  /** Runs `main`, and takes all members down after it. */
  async run(main: () => Promise<void>): Promise<void> {
    await this.store.time.run(async () => {
      await main();
      for (const { membership, process } of this.#members) if (!process.killed) await membership.close();
    });
  }

  sleep(ms: number): Promise<void> {
    return this.store.process().storage.timers.sleep(ms);
  }

  /** How long it takes until `isSo`, looked at every 50 ms. */
  async until(isSo: () => boolean, msMax: number): Promise<number> {
    const beganMs = this.store.time.nowMs;
    while (!isSo()) {
      if (this.store.time.nowMs - beganMs > msMax) throw new Error(`not so after ${msMax} ms`);
      await this.sleep(50);
    }
    return this.store.time.nowMs - beganMs;
  }
}

function nodeIds({ membership }: Member): readonly number[] {
  return membership.members.brokers.map(({ nodeId }) => nodeId);
}

async function dataAt({ services }: Member, path: string): Promise<string> {
  const { data } = await services.znodes.getData({ namespace, identities: [] }, path);
  return new TextDecoder().decode(data ?? new Uint8Array());
}

describe("gateways of one store", () => {
  test("know each other, have one cluster id, and one of them is the controller", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      const members = [await gateways.start(), await gateways.start({ nodeId: 7 }), await gateways.start()];
      await gateways.sleep(1_500);
      for (const member of members) {
        expect(nodeIds(member)).toEqual([7, 1_001, 1_002]);
        expect(member.membership.members.controllerId).toBe(1_001);
      }
      expect(new Set(members.map(({ membership }) => membership.clusterId)).size).toBe(1);
      expect(members[0]?.membership.clusterId).toMatch(/^[A-Za-z0-9_-]{22}$/);
    });
  });

  test("that start at the same time get different ids", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      const members = await Promise.all([1, 2, 3, 4].map(() => gateways.start()));
      await gateways.sleep(1_500);
      const own = members.map(({ membership }) => membership.members.self.nodeId);
      expect(new Set(own)).toEqual(new Set([1_001, 1_002, 1_003, 1_004]));
      expect(new Set(members.map(({ membership }) => membership.members.controllerId)).size).toBe(1);
    });
  });

  test("see that one was killed when its session is over, and another is the controller", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      const [first, second, third] = [await gateways.start(), await gateways.start(), await gateways.start()];
      await gateways.sleep(5_000);
      first.process.kill();
      const isGone = (member: Member) => () => nodeIds(member).join() === "1002,1003";
      const seenMs = (await gateways.until(isGone(second), 9_000)) + (await gateways.until(isGone(third), 9_000));
      expect(seenMs).toBeGreaterThan(sessionTimeoutMs / 2);
      expect(seenMs).toBeLessThan(sessionTimeoutMs + 1_500);
      await gateways.until(() => second.membership.members.controllerId !== 1_001, 2_000);
      expect([1_002, 1_003]).toContain(second.membership.members.controllerId);
      expect(await dataAt(second, "/controller_epoch")).toBe("2");
    });
  });

  test("see within a second that one was stopped; who comes after it has its id", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      const [first, second] = [await gateways.start(), await gateways.start()];
      const clusterId = first.membership.clusterId;
      await first.membership.close();
      await gateways.until(() => nodeIds(second).length === 1, 1_100);
      const third = await gateways.start();
      expect(third.membership.members.self.nodeId).toBe(1_001);
      expect(third.membership.clusterId).toBe(clusterId);
    });
  });

  test("refuse a node id of one that lives, in Kafka's words", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      await gateways.start({ nodeId: 7 });
      const second = gateways.start({ nodeId: 7 });
      await expect(second).rejects.toThrow(NodeIdTakenError);
      await expect(second).rejects.toThrow("A broker is already registered on the path /brokers/ids/7.");
    });
  });

  test("give a node id again when the one is gone that had it", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      const first = await gateways.start({ nodeId: 7 });
      await gateways.sleep(3_000);
      first.process.kill();
      const killedMs = gateways.store.time.nowMs;
      const second = await gateways.start({ nodeId: 7 });
      expect(gateways.store.time.nowMs - killedMs).toBeLessThan(sessionTimeoutMs + 1_500);
      expect(nodeIds(second)).toEqual([7]);
    });
  });

  test("register again under the same id after they stood still for longer than their session", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      const [first, second] = [await gateways.start(), await gateways.start()];
      first.process.freeze(20_000);
      await gateways.until(() => nodeIds(second).length === 1, 9_000);
      await gateways.until(() => nodeIds(second).length === 2, 20_000);
      expect(first.membership.members.self.nodeId).toBe(1_001);
      expect(gateways.logged).toContain("the gateway is registered again");
    });
  });

  test("put back a znode of theirs that somebody deletes", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      const [first, second] = [await gateways.start(), await gateways.start()];
      const anybody = { namespace, identities: [] };
      await second.services.znodes.delete(anybody, { path: "/brokers/ids/1001", version: -1 });
      await gateways.sleep(2_500);
      expect(nodeIds(second)).toEqual([1_001, 1_002]);
      expect(nodeIds(first)).toEqual([1_001, 1_002]);
    });
  });

  test("leave nothing behind that keeps their namespace from being deleted", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      const { namespaces } = createServices(gateways.store.process().storage);
      await namespaces.create("team");
      const { membership } = await gateways.start({ namespace: "team" });
      await expect(namespaces.delete("team")).rejects.toMatchObject({ code: "NOT_EMPTY" });
      await membership.close();
      await namespaces.delete("team");
    });
  });

  test("ask the store for little while nothing happens", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      const [first] = [await gateways.start(), await gateways.start()];
      await gateways.sleep(10_000);
      first.counted.reset();
      await gateways.sleep(60_000);
      // A look at the tree each second; a heartbeat every 2 s; a look at the neighbour's lease when it would be over.
      const {
        "logs.readFrom": looks = 0,
        "items.update": heartbeats = 0,
        "items.get": leases = 0,
      } = first.counted.counts();
      expect(looks).toBeLessThanOrEqual(60);
      expect(heartbeats).toBeLessThanOrEqual(30);
      expect(leases).toBeLessThanOrEqual(15);
      expect(first.counted.total()).toBe(looks + heartbeats + leases);
    });
  });
});

describe("a gateway that has the store to itself", () => {
  test("takes the place of the one that was killed, and then only keeps its session alive", async () => {
    const gateways = new Gateways();
    await gateways.run(async () => {
      const alone = { isAlone: true, sessionTimeoutMs: 600_000 };
      const first = await gateways.start(alone);
      first.process.kill();
      const second = await gateways.start(alone);
      expect(gateways.store.time.nowMs).toBeLessThan(2_000);
      expect(second.membership.members).toMatchObject({ controllerId: 1, brokers: [{ nodeId: 1 }] });
      second.counted.reset();
      await gateways.sleep(3_600_000);
      // A heartbeat every 200 s.
      expect(second.counted.total()).toBeLessThanOrEqual(18);
    });
  });
});
