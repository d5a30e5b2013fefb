/** The load generator: prepares what is read and set, keeps every connection busy for a while, and says what it saw. */
import { setTimeout as sleep } from "node:timers/promises";
import { createFrame, numberedCreate, numberedGet, type NumberedFrame, numberedSet } from "./frames.ts";
import { Latencies } from "./latencies.ts";
import type { Load, LoadFigures, Workload } from "./load.ts";
import { LoadConnection } from "./load-connection.ts";

/** Sizes of data, of which each connection uses a few in turn. */
const [dataBytesMin, dataBytesMax, sizes] = [100, 1_000, 16];
/** One write in so many requests of the mix. */
const mixPeriod = 10;
/** Requests that are on the way while znodes are made. */
const prepareWindow = 64;

const load = JSON.parse(process.argv[2] ?? "{}") as Load;
const znodesFolder = `${load.root}/znodes`;

/** What one connection asks for: the n-th of its requests. */
type Asks = (n: number) => Buffer;

function dataOf(index: number): Buffer {
  return Buffer.alloc(Math.round(dataBytesMin + ((dataBytesMax - dataBytesMin) * (index % sizes)) / (sizes - 1)), "d");
}

/** Spreads numbers over the znodes without two connections in step. */
function scattered(client: number, n: number): number {
  return (Math.imul(client * 7_919 + n, 0x9e37_79b1) >>> 0) % load.znodes;
}

function asksOf(workload: Workload, client: number): Asks {
  const get = numberedGet(znodesFolder);
  const frames = (frame: (data: Buffer) => NumberedFrame): NumberedFrame[] =>
    Array.from({ length: sizes }, (_, index) => frame(dataOf(index)));
  const sets = frames((data) => numberedSet(znodesFolder, data));
  const creates = frames((data) => numberedCreate(createdFolder(client), data));
  const inTurn = (all: readonly NumberedFrame[], n: number): NumberedFrame => all[n % sizes] ?? get;
  const asks: Readonly<Record<Workload, Asks>> = {
    get: (n) => get.of(n, scattered(client, n)),
    set: (n) => inTurn(sets, n).of(n, scattered(client, n)),
    create: (n) => inTurn(creates, n).of(n, n),
    mix: (n) => ((n + client) % mixPeriod === 0 ? asks.set(n) : asks.get(n)),
  };
  return asks[workload];
}

function createdFolder(client: number): string {
  return `${load.root}/created-${client}`;
}

/** Makes the folders and the znodes, some at once. */
async function prepare(connection: LoadConnection): Promise<void> {
  const znode = Array.from({ length: sizes }, (_, index) => numberedCreate(znodesFolder, dataOf(index)));
  const folders = [load.root, znodesFolder, ...Array.from({ length: load.connections }, (_, n) => createdFolder(n))];
  const frames = [
    ...folders.map((path, xid) => () => createFrame(xid, path, new Uint8Array())),
    ...Array.from({ length: load.znodes }, (_, number) => () => {
      // A copy: many are on the way.
      return Buffer.from(znode[number % sizes]?.of(number, number) ?? []);
    }),
  ];
  const done = Promise.withResolvers<void>();
  let [sent, answered] = [0, 0];
  const sendNext = (): void => {
    const frame = frames[sent];
    sent += 1;
    if (frame !== undefined) connection.send(frame());
  };
  connection.onLost = done.reject;
  connection.onReply = (error) => {
    if (error !== 0) return done.reject(new Error(`preparing failed with ${error}`));
    answered += 1;
    if (answered === frames.length) done.resolve();
    else sendNext();
  };
  for (let count = 0; count < prepareWindow; count += 1) sendNext();
  await done.promise;
}

async function run(): Promise<LoadFigures> {
  const connections = await Promise.all(Array.from({ length: load.connections }, () => LoadConnection.open(load.port)));
  const [first] = connections;
  if (first === undefined) throw new Error("a load needs a connection");
  await prepare(first);
  const failed = Promise.withResolvers<never>();
  let latencies = new Latencies();
  let operations = 0;
  let over = false;
  const clients = connections.map((connection, client) => {
    const asks = asksOf(load.workload, client);
    let n = 0;
    let sentMs = 0;
    const send = (): void => {
      n += 1;
      sentMs = performance.now();
      connection.send(asks(n));
    };
    const idle = Promise.withResolvers<void>();
    connection.onLost = failed.reject;
    connection.onReply = (error, xid) => {
      if (error !== 0 || xid !== n) failed.reject(new Error(`request ${n} was answered as ${xid} with ${error}`));
      latencies.add(performance.now() - sentMs);
      operations += 1;
      if (over) idle.resolve();
      else send();
    };
    send();
    return idle.promise;
  });
  await Promise.race([sleep(load.warmUpSeconds * 1_000), failed.promise]);
  latencies = new Latencies();
  const [startMs, cpuBefore] = [performance.now(), process.cpuUsage()];
  await Promise.race([sleep(load.seconds * 1_000), failed.promise]);
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  const measured = latencies;
  latencies = new Latencies();
  over = true;
  await Promise.race([Promise.all(clients), failed.promise]);
  await Promise.all(connections.map((connection) => connection.close()));
  return {
    operationsPerSecond: (measured.count / elapsedMs) * 1_000,
    p50Us: measured.quantile(0.5),
    p99Us: measured.quantile(0.99),
    clientCpuShare: (user + system) / 1_000 / elapsedMs,
    operations,
  };
}

process.stdout.write(JSON.stringify(await run()));
