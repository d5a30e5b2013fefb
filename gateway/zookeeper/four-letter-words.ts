/** Commands of four letters in the place of a first frame (`FourLetterCommands`), answered as ZooKeeper 3.8 does. */
import { hostname, release, type as osType } from "node:os";
import type { ConnectionFacts, Gateway } from "./gateway.ts";

/** ZooKeeper's version that is spoken, and what speaks it. */
const version = "3.8.4-streamkeeper";

type Answer = (gateway: Gateway) => readonly string[];

const commands: Readonly<Record<string, Answer>> = {
  ruok: () => ["imok"],
  isro: () => ["rw"],
  srvr: (gateway) => [`Zookeeper version: ${version}`, ...serverLines(gateway), ""],
  stat: (gateway) => [
    `Zookeeper version: ${version}`,
    "Clients:",
    ...[...gateway.connections()].map((connection) => ` ${briefly(connection)})`),
    "",
    ...serverLines(gateway),
    "",
  ],
  mntr: (gateway) => [...monitorLines(gateway), ""],
  conf: (gateway) => [...configurationLines(gateway), ""],
  cons: (gateway) => [...[...gateway.connections()].map(connectionLine), "", ""],
  envi: () => ["Environment:", ...environmentLines(), ""],
  wchs: ({ watches }) => [
    `${watches.watcherCount} connections watching ${watches.byPath.size} paths`,
    `Total watches:${watches.count}`,
    "",
  ],
  dump: (gateway) => [...dumpLines(gateway), ""],
};

/** Commands of ZooKeeper that are not answered: they change what is counted, or tell more than a page. */
const refusedCommands: ReadonlySet<string> = new Set(["crst", "dirs", "gtmk", "hash", "srst", "stmk", "wchc", "wchp"]);

/** What to answer, after which the connection ends; undefined where the bytes are no command. */
export function answerFourLetterWord(word: string, gateway: Gateway): string | undefined {
  if (refusedCommands.has(word)) return `${word} is not executed because it is not in the whitelist.`;
  return Object.hasOwn(commands, word) ? commands[word]?.(gateway).join("\n") : undefined;
}

function serverLines(gateway: Gateway): readonly string[] {
  const { traffic, room, follower } = gateway;
  const { min, avg, max } = traffic.latency;
  return [
    `Latency min/avg/max: ${min}/${average(avg)}/${max}`,
    `Received: ${traffic.received}`,
    `Sent: ${traffic.sent}`,
    `Connections: ${gateway.connectionCount()}`,
    `Outstanding: ${room.taken}`,
    `Zxid: 0x${(follower.view?.lastZxid ?? 0).toString(16)}`,
    "Mode: standalone",
    `Node count: ${follower.view?.nodeCount ?? 0}`,
  ];
}

function monitorLines(gateway: Gateway): readonly string[] {
  const { traffic, room, follower, watches, sessions } = gateway;
  const { min, avg, max } = traffic.latency;
  const values: readonly (readonly [string, string | number])[] = [
    ["version", version],
    ["server_state", "standalone"],
    ["avg_latency", average(avg)],
    ["max_latency", max],
    ["min_latency", min],
    ["packets_received", traffic.received],
    ["packets_sent", traffic.sent],
    ["num_alive_connections", gateway.connectionCount()],
    ["outstanding_requests", room.taken],
    ["znode_count", follower.view?.nodeCount ?? 0],
    ["watch_count", watches.count],
    ["ephemerals_count", follower.view?.ephemeralTotal ?? 0],
    ["global_sessions", follower.view?.sessionCount ?? 0],
    ["local_sessions", sessions.count],
  ];
  return values.map(([name, value]) => `zk_${name}\t${value}`);
}

function configurationLines({ configuration, sessions }: Gateway): readonly string[] {
  const { port, isTls, tickMs } = configuration;
  return [
    `clientPort=${isTls ? -1 : port}`,
    `secureClientPort=${isTls ? port : -1}`,
    `tickTime=${tickMs}`,
    // Of one address: as many as it likes.
    "maxClientCnxns=0",
    `minSessionTimeout=${sessions.minTimeoutMs}`,
    `maxSessionTimeout=${sessions.maxTimeoutMs}`,
    "serverId=0",
  ];
}

function environmentLines(): readonly string[] {
  const { platform, arch, version: nodeVersion } = process;
  return [
    `zookeeper.version=${version}`,
    `host.name=${hostname()}`,
    `node.version=${nodeVersion}`,
    `os.name=${osType()}`,
    `os.arch=${arch}`,
    `os.version=${release()}`,
    `os.platform=${platform}`,
  ];
}

function briefly({ address, session, queued, traffic }: ConnectionFacts): string {
  const isOpen = session === undefined ? 0 : 1;
  return `/${address}[${isOpen}](queued=${queued},recved=${traffic.received},sent=${traffic.sent}`;
}

function connectionLine(connection: ConnectionFacts): string {
  const { session, last, traffic, openedMs } = connection;
  if (session === undefined) return ` ${briefly(connection)})`;
  const { min, avg, max, last: lastMs } = traffic.latency;
  const parts = [
    `sid=${hex(session.sessionId)}`,
    `lop=${last?.operation ?? "NA"}`,
    `est=${Math.floor(openedMs)}`,
    `to=${session.timeoutMs}`,
    `lcxid=${hex(last?.xid ?? 0)}`,
    `lzxid=${hex(last?.zxid ?? 0)}`,
    `llat=${lastMs}`,
    `minlat=${min}`,
    `avglat=${Math.floor(avg)}`,
    `maxlat=${max}`,
  ];
  return ` ${briefly(connection)},${parts.join(",")})`;
}

function dumpLines({ sessions, follower }: Gateway): readonly string[] {
  const held = [...sessions.all];
  const owners = [...(follower.view?.sessions.keys() ?? [])].filter((id) => follower.view?.ephemeralCount(id) !== 0);
  return [
    "SessionTracker dump:",
    `Sessions of this server (${held.length}):`,
    ...held.map(({ sessionId, timeoutMs }) => `${hex(sessionId)}\t${timeoutMs}ms`),
    "ephemeral nodes dump:",
    `Sessions with Ephemerals (${owners.length}):`,
    ...owners.flatMap((id) => [
      `${hex(id)}:`,
      ...[...(follower.view?.ephemerals(id) ?? [])].toSorted().map((path) => `\t${path}`),
    ]),
  ];
}

function average(ms: number): string {
  return Number.isInteger(ms) ? ms.toFixed(1) : ms.toFixed(4);
}

function hex(id: bigint | number): string {
  return id < 0 ? `-0x${(-id).toString(16)}` : `0x${id.toString(16)}`;
}
