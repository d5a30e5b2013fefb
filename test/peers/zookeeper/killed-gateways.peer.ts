import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { createServices } from "../../../shared/services/create-services.ts";
import { SessionClient } from "../../gateway/zookeeper/session-client.ts";
import { WireClient } from "../../gateway/zookeeper/wire-client.ts";
import { GatewayProcesses } from "../kafka/gateway-processes.ts";
import {
  changesBelow,
  counterProblems,
  ephemeralProblems,
  logOf,
  madeProblems,
  treeProblems,
} from "./killed-checks.ts";
import { counterPath, ephemeralsPath, KilledLoad, prepare, treePath } from "./killed-load.ts";

const kills = Number(process.env["STREAMKEEPER_KILLS"] ?? 4);
const clients = 100;
const timeoutMs = 8_000;
/** A lease is that much longer than what its client was promised. */
const leaseMs = (timeoutMs * 4) / 3;
/** By which an ephemeral may outlive its session. */
const graceMs = 2_000;
/** With the time that one is away, longer than it takes to end the sessions of those that vanish where it lives. */
const togetherMs = 8_000;
const awayMs = 3_000;
/** Clients that never come back, of those at the gateway that is killed, and of the others. */
const vanishing = 3;

test(
  `two gateways, of which one is killed ${kills} times while ${clients} clients work`,
  { timeout: 300_000 },
  async () => {
    await using gateways = await GatewayProcesses.start(2);
    const ports = gateways.zookeeperPorts;
    const storage = gateways.openStorage();
    const services = createServices(storage);
    const first = await SessionClient.begin({ ports, timeoutMs }, 0);
    await prepare(first);
    const loads = await Promise.all(
      Array.from({ length: clients }, (_, index) => KilledLoad.begin({ index, ports, timeoutMs, pauseMs: 1_000 })),
    );
    // All watches stand: what happens from now on is told.
    const begun = (await first.send("sync", { path: "/" })).zxid;
    for (const load of loads) load.work();
    const outlived: Promise<Outlived>[] = [];
    const vanish = (port: number | undefined, withinMs: number): void => {
      const living = loads.filter((load) => load.vanishedMs === undefined && load.session.port === port);
      for (const load of living.slice(-vanishing)) {
        const atMs = performance.now();
        void load.vanish();
        outlived.push(goneAfter(first, load, atMs, withinMs));
      }
    };
    for (let kill = 0; kill < kills; kill += 1) {
      await sleep(togetherMs);
      const index = kill % 2;
      vanish(ports[1 - index], timeoutMs + graceMs);
      vanish(ports[index], leaseMs + graceMs);
      await gateways.kill(index);
      await sleep(awayMs);
      await gateways.begin(index);
    }
    await sleep(togetherMs);
    await Promise.all(loads.filter(({ vanishedMs }) => vanishedMs === undefined).map((load) => load.stop()));
    const late = await Promise.all(outlived);
    process.stdout.write(figures(loads, late));
    const living = loads.filter(({ vanishedMs }) => vanishedMs === undefined);

    const log = logOf(await changesBelow(services, treePath, begun));
    await vi.waitFor(
      async () => {
        const problems = living.filter(({ hasTree }) => hasTree).flatMap((load) => treeProblems(load, log));
        expect([...problems, ...(await counterProblems(services, loads))]).toEqual([]);
      },
      { timeout: 30_000, interval: 500 },
    );
    const problems = [
      ...loads.flatMap(({ problems: own, session }) => [...own, ...session.problems]),
      ...(await madeProblems(services, loads)),
      ...(await ephemeralProblems(services, loads)),
      ...late
        .filter(({ ms, withinMs }) => ms > withinMs)
        .map(({ path, ms }) => `${path} outlived its session: ${ms} ms`),
    ];
    for (const load of living) await load.vanish();
    await first.vanish();
    await storage.close();
    expect(problems).toEqual([]);
  },
);

test(
  "a gateway that stands still beyond the timeout serves nobody any more: what comes late through it is refused",
  { timeout: 120_000 },
  async () => {
    await using gateways = await GatewayProcesses.start(2);
    const ports = gateways.zookeeperPorts;
    const [port = 0, other = 0] = ports;
    const setup = await WireClient.connect(other, { timeOut: 40_000 });
    const acl = [{ permissions: 31, scheme: "world", id: "anyone" }];
    for (const path of ["/moved", "/expired", "/alive"]) {
      await setup.send("create", { path, data: null, acl, flags: 0 });
    }
    const moving = await WireClient.connect(port, { timeOut: timeoutMs });
    const expiring = await WireClient.connect(port, { timeOut: timeoutMs });
    const follower = await SessionClient.begin({ ports, timeoutMs }, 0);
    await follower.send("create", { path: "/alive/e", data: null, acl, flags: 1 });
    await moving.send("create", { path: "/moved/e", data: null, acl, flags: 1 });
    await expiring.send("create", { path: "/expired/e", data: null, acl, flags: 1 });
    gateways.stop(0);
    // They wait in its sockets.
    const lateData = new TextEncoder().encode("late");
    const late = [moving, expiring].map((client, index) =>
      client.send("setData", { path: ["/moved", "/expired"][index] ?? "", data: lateData, version: -1 }).then(
        ({ err }) => err,
        () => "closed",
      ),
    );
    const { sessionId = 0n, passwd } = moving.session ?? {};
    const moved = await WireClient.connect(other, {
      sessionId,
      passwd: passwd ?? new Uint8Array(16),
      timeOut: timeoutMs,
    });
    expect((await moved.send("setData", { path: "/moved", data: null, version: 0 })).err).toBe(0);
    const pinging = setInterval(() => void moved.send("ping", {}).catch(() => undefined), timeoutMs / 3);
    const setupPinging = setInterval(() => void setup.send("ping", {}).catch(() => undefined), timeoutMs);
    const stoppedMs = performance.now();
    await vi.waitFor(
      async () => expect((await setup.send("exists", { path: "/expired/e", watch: false })).err).toBe(-101),
      { timeout: leaseMs + graceMs + 5_000, interval: 100 },
    );
    const goneMs = performance.now() - stoppedMs;
    await sleep(Math.max(0, leaseMs + graceMs - goneMs));
    gateways.goOn(0);
    const answers = await Promise.all(late);
    process.stdout.write(`late writes: ${answers.join(", ")}; the ephemeral was gone after ${Math.round(goneMs)} ms\n`);
    for (const answer of answers) expect(["closed", -112, -118]).toContain(answer);
    await sleep(timeoutMs);
    await setup.send("sync", { path: "/" });
    for (const [path, version] of [
      ["/moved", 1],
      ["/expired", 0],
    ] as const) {
      expect((await setup.send("exists", { path, watch: false })).body?.stat.version).toBe(version);
    }
    // Those that went on elsewhere still have their sessions, though the gateway that they left has come back.
    expect((await setup.send("exists", { path: "/moved/e", watch: false })).err).toBe(0);
    expect((await setup.send("exists", { path: "/alive/e", watch: false })).err).toBe(0);
    expect(follower.problems).toEqual([]);
    expect(follower.moves).toBeGreaterThan(0);
    expect(goneMs).toBeLessThan(leaseMs + graceMs);
    clearInterval(pinging);
    clearInterval(setupPinging);
    await follower.vanish();
  },
);

interface Outlived {
  readonly path: string;
  /** Since its client vanished. */
  readonly ms: number;
  readonly withinMs: number;
}

async function goneAfter(observer: SessionClient, load: KilledLoad, atMs: number, withinMs: number): Promise<Outlived> {
  const path = load.ephemeralPath;
  for (;;) {
    const beganMs = performance.now();
    const answer = await observer.send("exists", { path, watch: false }).catch(() => undefined);
    if (answer?.err === -101) return { path, ms: Math.round(beganMs - atMs), withinMs };
    if (performance.now() - atMs > 10 * withinMs) return { path, ms: Infinity, withinMs };
    await sleep(50);
  }
}

function figures(loads: readonly KilledLoad[], late: readonly Outlived[]): string {
  const sum = (of: (load: KilledLoad) => number): number => loads.reduce((total, load) => total + of(load), 0);
  const longest = (withinMs: number): number =>
    Math.max(...late.filter((one) => one.withinMs === withinMs).map(({ ms }) => ms));
  return [
    `${sum(({ operations }) => operations)} operations, ${sum(({ session }) => session.moves)} moves of sessions, `,
    `${sum(({ seen }) => seen.length)} events below ${treePath} told to ${loads.filter(({ hasTree }) => hasTree).length} clients, `,
    `${sum(({ counted }) => counted.length)} changes of ${counterPath}; of ${late.length} below ${ephemeralsPath} `,
    `the longest stayed ${longest(timeoutMs + graceMs)} ms, and where its gateway died too ${longest(leaseMs + graceMs)} ms\n`,
  ].join("");
}
