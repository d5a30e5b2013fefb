/** Commands of four letters in the place of a first frame (`FourLetterCommands`), answered as ZooKeeper 3.8 does. */
import { hostname, release, type as osType } from "node:os";
import { wordAnswerCharsMax } from "../../shared/limits/zookeeper-gateway.ts";
import { fileDescriptors } from "./file-descriptors.ts";
import type { ConnectionFacts, Gateway } from "./gateway.ts";

/** ZooKeeper's version that is spoken, and what speaks it. */
const version = "3.8.4-streamkeeper";

type Answer = (gateway: Gateway) => Iterable<string>;

const commands: Readonly<Record<string, Answer>> = {
  ruok: () => ["imok"],
  isro: () => ["rw"],
  srvr: (gateway) => [`Zookeeper version: ${version}`, ...serverLines(gateway), ""],
  stat: statLines,
  mntr: (gateway) => [...monitorLines(gateway), ""],
  conf: (gateway) => [...configurationLines(gateway), ""],
  cons: connectionLines,
  envi: () => ["Environment:", ...environmentLines(), ""],
  wchs: ({ watches }) => [
    `${watches.watcherCount} connections watching ${watches.byPath.size} paths`,
    `Total watches:${watches.count}`,
    "",
  ],
  dump: dumpLines,
};

/** Commands of ZooKeeper that are not answered: they change what is counted, or tell more than a page. */
const refusedCommands: ReadonlySet<string> = new Set(["crst", "dirs", "gtmk", "hash", "srst", "stmk", "wchc", "wchp"]);

/** What to answer, after which the connection ends; undefined where the bytes are no command. */
export function answerFourLetterWord(word: string, gateway: Gateway): string | undefined {
  if (refusedCommands.has(word)) return `${word} is not executed because it is not in the whitelist.`;
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
  return command === undefined ? undefined : joined(command(gateway));
}

/** As many lines as may be. */
function joined(lines: Iterable<string>): string {
  const taken: string[] = [];
  let chars = 0;
  for (const line of lines) {
    chars += line.length + 1;
    if (chars > wordAnswerCharsMax) {
      taken.push("... and more than is answered", "");
      break;
    }
    taken.push(line);
  }
  return taken.join("\n");
}

function* statLines(gateway: Gateway): Iterable<string> {
  yield `Zookeeper version: ${version}`;
  yield "Clients:";
  for (const connection of gateway.connections()) yield ` ${briefly(connection)})`;
  yield "";
  yield* serverLines(gateway);
  yield "";
}

function* connectionLines(gateway: Gateway): Iterable<string> {
  for (const connection of gateway.connections()) yield connectionLine(connection);
  yield "";
  yield "";
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
  const { traffic, room, follower, watches, sessions, clock, openedMs } = gateway;
  const { min, avg, max } = traffic.latency;
  const files = fileDescriptors();
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
    ["approximate_data_size", follower.view?.dataSize ?? 0],
    ["global_sessions", follower.view?.sessionCount ?? 0],
    ["local_sessions", sessions.count],
    ["uptime", Math.floor(clock.monotonicMs() - openedMs)],
    ...(files === undefined
      ? []
      : ([
          ["open_file_descriptor_count", files.open],
          ["max_file_descriptor_count", files.max],
        ] as const)),
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

function* dumpLines({ sessions, follower }: Gateway): Iterable<string> {
  yield "SessionTracker dump:";
  yield `Sessions of this server (${sessions.count}):`;
  for (const { sessionId, timeoutMs } of sessions.all) yield `${hex(sessionId)}\t${timeoutMs}ms`;
  const tree = follower.view;
  const owners = [...(tree?.sessions.keys() ?? [])].filter((id) => tree?.ephemeralCount(id) !== 0);
  yield "ephemeral nodes dump:";
  yield `Sessions with Ephemerals (${owners.length}):`;
  for (const id of owners) {
    yield `${hex(id)}:`;
    for (const path of [...(tree?.ephemerals(id) ?? [])].toSorted()) yield `\t${path}`;
  }
  yield "";
}

function average(ms: number): string {
  return Number.isInteger(ms) ? ms.toFixed(1) : ms.toFixed(4);
}

function hex(id: bigint | number): string {
  return id < 0 ? `-0x${(-id).toString(16)}` : `0x${id.toString(16)}`;
}
