/** What node-zookeeper-client must see of a server: ours, or a real ZooKeeper, which proves the expectations. */
import { createHash } from "node:crypto";
import { ACL, CreateMode, Id, Permission } from "node-zookeeper-client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { TcpProxy } from "../../tcp-proxy.ts";
import { errorOf, promised, PromisedClient } from "./promised-client.ts";

export interface SuiteServer extends AsyncDisposable {
  readonly port: number;
}

/** How long what comes by itself is waited for. */
const waiting = { timeout: 10_000, interval: 2 };

/** @param start takes up to `startMsMax` */
export function describeNodeZooKeeperClient(name: string, start: () => Promise<SuiteServer>, startMsMax: number): void {
  describe(`node-zookeeper-client on ${name}`, () => {
    let server: SuiteServer;
    let proxy: TcpProxy;
    let client: PromisedClient;
    let opened: PromisedClient[];
    let root: string;
    let tests = 0;

    /** Its connection goes through the proxy. */
    const open = async (): Promise<PromisedClient> => {
      const made = await PromisedClient.connect(proxy.port);
      opened.push(made);
      return made;
    };
    /** Its connection is never cut. */
    const openAside = async (): Promise<PromisedClient> => {
      const made = await PromisedClient.connect(server.port);
      opened.push(made);
      return made;
    };

    beforeAll(async () => {
      server = await start();
      proxy = await TcpProxy.start(server.port);
    }, startMsMax);

    afterAll(async () => {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });

    beforeEach(async () => {
      opened = [];
      client = await open();
      root = await client.create(`/test-${tests++}`);
    });

    afterEach(async () => {
      const living = opened.filter(({ states }) => states.at(-1) === "SYNC_CONNECTED");
      await Promise.all(living.map((each) => each.close()));
    });

    test("creates in all modes, reads, changes and deletes", async () => {
      expect(await client.create(`${root}/a`, "one")).toBe(`${root}/a`);
      expect(await errorOf(client.create(`${root}/a`))).toBe("NODE_EXISTS");
      expect(await errorOf(client.create(`${root}/x/y`))).toBe("NO_NODE");
      expect(await client.getData(`${root}/a`)).toBe("one");
      expect(await client.setData(`${root}/a`, "two", 0)).toMatchObject({ version: 1, dataLength: 3 });
      expect(await errorOf(client.setData(`${root}/a`, "no", 0))).toBe("BAD_VERSION");
      expect(await client.stat(`${root}/none`)).toBeNull();
      const sequential = [
        await client.create(`${root}/s-`, "", CreateMode.PERSISTENT_SEQUENTIAL),
        await client.create(`${root}/s-`, "", CreateMode.EPHEMERAL_SEQUENTIAL),
      ];
      expect(sequential).toEqual([`${root}/s-0000000001`, `${root}/s-0000000002`]);
      const ephemeral = await client.create(`${root}/e`, "mine", CreateMode.EPHEMERAL);
      expect((await client.stat(ephemeral))?.ephemeralOwner).toEqual(client.session.sessionId);
      expect(await errorOf(client.create(`${ephemeral}/child`))).toBe("NO_CHILDREN_FOR_EPHEMERALS");
      expect(await client.children(root)).toEqual(["a", "e", "s-0000000001", "s-0000000002"]);
      expect(await client.stat(root)).toMatchObject({ version: 0, cversion: 4, numChildren: 4 });
      expect(await errorOf(client.remove(root))).toBe("NOT_EMPTY");
      expect(await errorOf(client.remove(`${root}/a`, 0))).toBe("BAD_VERSION");
      await client.remove(`${root}/a`, 1);
      expect(await errorOf(client.getData(`${root}/a`))).toBe("NO_NODE");
      expect(await client.mkdirp(`${root}/deep/er/est`)).toBe(`${root}/deep/er/est`);
    });

    test("hears of a change once, before it is read", async () => {
      const other = await open();
      await client.create(`${root}/a`);
      await client.getData(`${root}/a`, true);
      await client.stat(`${root}/new`, true);
      await client.children(root, true);
      await other.setData(`${root}/a`, "1");
      await other.setData(`${root}/a`, "2");
      await other.create(`${root}/new`);
      await other.create(`${root}/newer`);
      // What it reads then comes after the events, on the same connection.
      await vi.waitUntil(async () => (await client.stat(`${root}/newer`)) !== null, waiting);
      expect(client.takeEvents()).toEqual([
        `data NODE_DATA_CHANGED ${root}/a`,
        `exists NODE_CREATED ${root}/new`,
        `children NODE_CHILDREN_CHANGED ${root}`,
      ]);
      await client.getData(`${root}/a`, true);
      await client.children(`${root}/a`, true);
      await other.remove(`${root}/a`);
      await vi.waitUntil(() => client.events.length === 2, waiting);
      expect(client.takeEvents().toSorted()).toEqual([
        `children NODE_DELETED ${root}/a`,
        `data NODE_DELETED ${root}/a`,
      ]);
    });

    test("hears of what happened while it was cut off, and of what happens later", async () => {
      const other = await openAside();
      const watched = ["changed", "deleted", "kept"];
      for (const name of [...watched, "parent"]) await client.create(`${root}/${name}`);
      for (const name of watched) await client.getData(`${root}/${name}`, true);
      for (const name of ["created", "late"]) await client.stat(`${root}/${name}`, true);
      await client.children(`${root}/parent`, true);
      const parted = client.reached("disconnected");
      proxy.refuse();
      await parted;
      await other.setData(`${root}/changed`, "x");
      await other.remove(`${root}/deleted`);
      await other.create(`${root}/created`);
      await other.create(`${root}/parent/child`);
      const back = client.reached("connected");
      proxy.heal();
      await back;
      await vi.waitUntil(() => client.events.length === 4, waiting);
      expect(client.takeEvents().toSorted()).toEqual([
        `children NODE_CHILDREN_CHANGED ${root}/parent`,
        `data NODE_DATA_CHANGED ${root}/changed`,
        `data NODE_DELETED ${root}/deleted`,
        `exists NODE_CREATED ${root}/created`,
      ]);
      await other.setData(`${root}/kept`, "x");
      await other.create(`${root}/late`);
      await vi.waitUntil(() => client.events.length === 2, waiting);
      expect(client.takeEvents()).toEqual([`data NODE_DATA_CHANGED ${root}/kept`, `exists NODE_CREATED ${root}/late`]);
    });

    test("lets only those in whom an access control list names", async () => {
      const ann = await open();
      ann.client.addAuthInfo("digest", Buffer.from("ann:secret"));
      const id = `ann:${createHash("sha1").update("ann:secret").digest("base64")}`;
      const all = new ACL(Permission.ALL, new Id("digest", id));
      await client.create(`${root}/of-ann`, "mine", CreateMode.PERSISTENT, [all]);
      expect(await errorOf(client.getData(`${root}/of-ann`))).toBe("NO_AUTH");
      expect(await ann.getData(`${root}/of-ann`)).toBe("mine");
      expect(await errorOf(client.create(`${root}/of-ann/x`))).toBe("NO_AUTH");
      await ann.create(`${root}/by-ann`, "", CreateMode.PERSISTENT, [new ACL(Permission.ALL, new Id("auth", ""))]);
      expect(await ann.acl(`${root}/by-ann`)).toEqual([all]);
      const reads = new ACL(Permission.READ, new Id("world", "anyone"));
      expect(await errorOf(client.setAcl(`${root}/by-ann`, [reads]))).toBe("NO_AUTH");
      expect(await errorOf(ann.setAcl(`${root}/by-ann`, [reads, all], 3))).toBe("BAD_VERSION");
      expect(await ann.setAcl(`${root}/by-ann`, [reads, all], 0)).toMatchObject({ aversion: 1 });
      expect(await client.getData(`${root}/by-ann`)).toBe("");
      // Who it is, it says again to the server that it comes back to.
      const back = ann.reached("connected");
      proxy.cut();
      await back;
      expect(await ann.getData(`${root}/of-ann`)).toBe("mine");
    });

    test("does all of a transaction or nothing", async () => {
      await client.create(`${root}/a`, "one");
      const done = client.client
        .transaction()
        .check(`${root}/a`, 0)
        .create(`${root}/b`, Buffer.from("b"), CreateMode.EPHEMERAL)
        .setData(`${root}/a`, Buffer.from("two"), 0)
        .create(`${root}/c`)
        .remove(`${root}/c`, -1);
      const results = await promised<{ path?: string; stat?: { version: number } }[]>((callback) =>
        done.commit(callback),
      );
      expect(results).toMatchObject([{}, { path: `${root}/b` }, { stat: { version: 1 } }, { path: `${root}/c` }, {}]);
      const failing = client.client
        .transaction()
        .setData(`${root}/a`, Buffer.from("three"))
        .check(`${root}/b`, 7)
        .remove(`${root}/b`);
      expect(await errorOf(promised((callback) => failing.commit(callback)))).toBe("BAD_VERSION");
      expect([await client.getData(`${root}/a`), await client.children(root)]).toEqual(["two", ["a", "b"]]);
    });

    test("takes its ephemerals with it when it closes", async () => {
      const passing = await open();
      await passing.create(`${root}/e`, "", CreateMode.EPHEMERAL);
      await passing.create(`${root}/p`);
      await client.stat(`${root}/e`, true);
      await passing.close();
      await vi.waitUntil(() => client.events.length === 1, waiting);
      expect(client.takeEvents()).toEqual([`exists NODE_DELETED ${root}/e`]);
      expect(await client.children(root)).toEqual(["p"]);
    });

    test("goes on with its session when its connection is cut", async () => {
      const { sessionId } = client.session;
      await client.create(`${root}/e`, "mine", CreateMode.EPHEMERAL);
      for (let cuts = 0; cuts < 3; cuts++) {
        const back = client.reached("connected");
        proxy.cut();
        await back;
      }
      expect(client.session.sessionId).toEqual(sessionId);
      expect(await client.getData(`${root}/e`)).toBe("mine");
      expect(client.states).toEqual([
        "SYNC_CONNECTED",
        ...Array.from({ length: 3 }, () => ["DISCONNECTED", "SYNC_CONNECTED"]).flat(),
      ]);
      await client.remove(`${root}/e`);
    });

    test("hears that its session is over, and that what it holds is gone", async () => {
      const other = await openAside();
      await client.create(`${root}/e`, "mine", CreateMode.EPHEMERAL);
      await other.stat(`${root}/e`, true);
      const parted = client.reached("disconnected");
      proxy.refuse();
      await parted;
      // Somebody else goes on with the session, as a client that moves does, and closes it.
      const successor = await PromisedClient.connect(server.port, client.session);
      expect(successor.session).toEqual(client.session);
      expect(await successor.getData(`${root}/e`)).toBe("mine");
      await successor.close();
      const expired = client.reached("expired");
      proxy.heal();
      await expired;
      expect(await errorOf(client.getData(root))).toMatch(/^(SESSION_EXPIRED|CONNECTION_LOSS)$/);
      await vi.waitUntil(() => other.events.length === 1, waiting);
      expect(other.takeEvents()).toEqual([`exists NODE_DELETED ${root}/e`]);
      expect(await other.children(root)).toEqual([]);
    });

    test("gets no session with another's id and a wrong password", async () => {
      const { sessionId } = client.session;
      await client.create(`${root}/e`, "mine", CreateMode.EPHEMERAL);
      await PromisedClient.refused(server.port, { sessionId, sessionPassword: Buffer.alloc(16, "x") });
      // ZooKeeper parts the session from its owner all the same, who comes back.
      await vi.waitUntil(async () => (await errorOf(client.getData(`${root}/e`))) === "none", waiting);
      expect(client.session.sessionId).toEqual(sessionId);
    });
  });
}
