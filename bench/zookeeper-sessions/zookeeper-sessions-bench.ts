/** Many idle sessions on one server: what memory and how much of a processor they take, and how often their leases are written. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../test/free-port.ts";
import { startOurKafka } from "../../test/peers/kafka/our-kafka.ts";

export interface SessionsOptions {
  readonly sessions: number;
  readonly seconds: number;
  /** Between two pings of a session. */
  readonly pingMs: number;
  readonly folder: string;
  readonly onStep: (line: string) => void;
}

export interface SessionsReport {
  readonly sessions: number;
  readonly rssBytesBefore: number;
  readonly rssBytes: number;
  readonly rssBytesMax: number;
  readonly openMs: number;
  /** Of one processor, while they are idle. */
  readonly cpuShare: number;
  readonly leaseWritesPerSecond: number;
  readonly lost: number;
}

interface Usage {
  readonly rssBytes: number;
  readonly cpuMs: number;
}

const sampleMs = 5_000;
const clockTicksPerSecond = 100;

/** @throws Error where a session could not be opened */
export async function runZooKeeperSessionsBench(options: SessionsOptions): Promise<SessionsReport> {
  const { sessions, seconds, pingMs, folder, onStep } = options;
  const port = await freePort();
  await using server = await startOurKafka({ dataFolder: folder, serveOptions: ["--zookeeper-port", String(port)] });
  const pid = server.pid ?? 0;
  const before = await usageOf(pid);
  const beganMs = performance.now();
  const clients = fork(new URL("ping-process.ts", import.meta.url), [port, sessions, pingMs].map(String));
  let lost = 0;
  clients.on("message", (told: { readonly lost?: number }) => {
    lost = told.lost ?? lost;
  });
  try {
    onStep(`opening ${sessions} sessions`);
    await Promise.race([once(clients, "message"), once(clients, "exit").then(failed)]);
    const openMs = performance.now() - beganMs;
    const first = await usageOf(pid);
    const leases = await leaseWrites(server.url);
    const measuredMs = performance.now();
    let rssBytesMax = first.rssBytes;
    while (performance.now() - measuredMs < seconds * 1_000) {
      await sleep(sampleMs);
      const { rssBytes } = await usageOf(pid);
      rssBytesMax = Math.max(rssBytesMax, rssBytes);
      onStep(`${Math.round(rssBytes / 1e6)} MB`);
    }
    const last = await usageOf(pid);
    const elapsedMs = performance.now() - measuredMs;
    return {
      sessions,
      rssBytesBefore: before.rssBytes,
      rssBytes: last.rssBytes,
      rssBytesMax,
      openMs,
      cpuShare: (last.cpuMs - first.cpuMs) / elapsedMs,
      leaseWritesPerSecond: (((await leaseWrites(server.url)) - leases) * 1_000) / elapsedMs,
      lost,
    };
  } finally {
    clients.kill("SIGKILL");
  }
}

function failed(): never {
  throw new Error("the sessions could not be opened");
}

async function usageOf(pid: number): Promise<Usage> {
  const [status, stat] = await Promise.all([
    readFile(`/proc/${pid}/status`, "utf8"),
    readFile(`/proc/${pid}/stat`, "utf8"),
  ]);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    rssBytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024,
    cpuMs: (ticks * 1_000) / clockTicksPerSecond,
  };
}

/** Updates of items: those of a server that does nothing else are leases. */
async function leaseWrites(url: string): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return [...page.matchAll(/^\S*storage_requests\S*\{[^}]*items\.update[^}]*\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}
