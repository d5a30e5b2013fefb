/** ZooKeeper's command line, `zkCli.sh`, of two releases, which is told what to do on its standard input. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fetchDependencies, requireJava } from "../../java-peer.ts";
import { run } from "../../kafka/peer-program.ts";
import { zkCliScript } from "./script.ts";

export const zkCliReleases = ["3.8", "3.9"] as const;
export type ZkCliRelease = (typeof zkCliReleases)[number];

/** What one command wrote, to whichever of its two outputs. */
export interface Said {
  readonly command: string;
  readonly lines: readonly string[];
}

export interface Session {
  readonly said: readonly Said[];
  /** The events of znodes that its watches were told of. */
  readonly events: readonly string[];
}

/** A command that says always the same, after each of the others, to tell what they say apart. */
const mark = "printwatches";
const marked = /^printwatches is (?:on|off)\n/mu;
/** Written by a thread of its own, at any time, in between whatever the other one writes. */
const watcher = /\nWATCHER::\n/gu;
const watchedEvent = /\nWatchedEvent state:(\w+) type:(\w+) path:(\S+)[^\n]*\n/gu;

/** Runs the whole script in one session. @throws Error with all that it wrote, if it does not come to its end */
export async function zkCliSession(release: ZkCliRelease, address: string): Promise<Session> {
  const stdin = zkCliScript.map((line) => `${line}\n${mark}\n`).join("");
  const { status, output } = await zkCli(release, ["-server", address], stdin);
  const events: string[] = [];
  const text = output.replaceAll(watcher, "").replaceAll(watchedEvent, (_, _state, type: string, path: string) => {
    if (type !== "None") events.push(`${type} ${path}`);
    return "";
  });
  const [first = "", ...rest] = text.split(marked);
  const chunks = [first.slice(first.indexOf("JLine support is disabled\n")).replace(/^.*\n/u, ""), ...rest];
  if (status !== 0 || chunks.length !== zkCliScript.length + 1) {
    throw new Error(`zkCli ${release} ended with ${status} after ${rest.length} commands:\n${output}`);
  }
  const name = zxidNames(text);
  const said = zkCliScript.map((command, index) => ({
    command,
    lines: ordered(
      command,
      (chunks[index] ?? "")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => comparable(line, name)),
    ),
  }));
  return { said, events };
}

/** Runs one command, as an argument. */
export async function zkCliCommand(
  release: ZkCliRelease,
  address: string,
  command: readonly string[],
): Promise<{ readonly status: number | null; readonly output: string }> {
  return zkCli(release, ["-server", address, ...command], "");
}

/** What a real ZooKeeper 3.8 made it say when `node test/peers/zookeeper/zkcli/record.ts` ran. */
export function recordedSession(release: ZkCliRelease): Session {
  return JSON.parse(readFileSync(recordedFile(release), "utf8")) as Session;
}

export function recordedFile(release: ZkCliRelease): string {
  return join(import.meta.dirname, `recorded-${release}.json`);
}

async function zkCli(
  release: ZkCliRelease,
  args: readonly string[],
  stdin: string,
): Promise<{ readonly status: number | null; readonly output: string }> {
  requireJava();
  const classPath = fetchDependencies(join(import.meta.dirname, `client-${release}`));
  const java = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classPath];
  const main = [...java, "org.apache.zookeeper.ZooKeeperMain", ...args];
  // Both outputs are one, which keeps them in order.
  const program = { command: "sh", args: ["-c", 'exec "$@" 2>&1', "sh", ...main] };
  const { status, stdout } = await run(program, { stdin });
  const output = stdout
    .split("\n")
    .filter((line) => !line.startsWith("SLF4J"))
    .join("\n");
  return { status, output };
}

const zxid = /^([cmp]Zxid) = (0x[0-9a-f]+)$/u;

/** Zxids differ from run to run; which of them are the same, and their order, do not. */
function zxidNames(text: string): (zxid: string) => string {
  const seen = new Set(text.split("\n").flatMap((line) => zxid.exec(line)?.[2] ?? []));
  const sorted = [...seen].map(BigInt).toSorted((one, other) => (one < other ? -1 : 1));
  return (value) => (BigInt(value) === 0n ? "0" : `number ${sorted.indexOf(BigInt(value))}`);
}

/** Whoever somebody is comes in the order of a hash table. */
function ordered(command: string, lines: readonly string[]): readonly string[] {
  return command === "whoami" ? lines.toSorted() : lines;
}

function comparable(line: string, name: (zxid: string) => string): string {
  return line
    .replace(zxid, (_, field: string, value: string) => `${field} = ${name(value)}`)
    .replace(/^([cm]time) = (?!Thu Jan 01 00:00:00 UTC 1970).*$/u, "$1 = TIME")
    .replace(/^ephemeralOwner = 0x[1-9a-f].*$/u, "ephemeralOwner = SESSION");
}
