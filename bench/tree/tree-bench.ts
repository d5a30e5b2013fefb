/** Writes and reads of znodes on the embedded store, in process and over HTTP; and how a large tree is loaded. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { CreateZnodeCommand, GetZnodeCommand, SetDataCommand, StreamkeeperClient } from "../../client/index.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { countRequests } from "../../shared/storage/count-requests.ts";
import { openEmbeddedStorage } from "../../shared/storage/embedded/embedded-storage.ts";
import { measure } from "../log/measure.ts";
import { hostServices } from "../server/hosted-services.ts";
import { ServerProcess } from "../server/start-server.ts";
import { largeTreePath, storeLargeTree } from "./large-tree.ts";

export const treePaths = ["process", "http"] as const;
export const treeOperations = ["write", "read", "session-read"] as const;
const clientCounts = [1, 16, 128] as const;

export interface TreeCell {
  readonly path: (typeof treePaths)[number];
  readonly operation: (typeof treeOperations)[number];
  readonly clients: number;
}

export interface TreeFigures extends TreeCell {
  readonly title: string;
  readonly operationsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LoadFigures {
  readonly znodes: number;
  readonly snapshotMb: number;
  /** From nothing to the first linearizable read. */
  readonly coldReadMs: number;
  /** Processor time of it. */
  readonly coldReadCpuMs: number;
  readonly requests: number;
  /** What the process grew by. */
  readonly heapMb: number;
}

export function treeCells(): readonly TreeCell[] {
  return treePaths.flatMap((path) =>
    treeOperations.flatMap((operation) => clientCounts.map((clients) => ({ path, operation, clients }))),
  );
}

export function treeCellTitle({ path, operation, clients }: TreeCell): string {
  return `${path} ${operation} x${clients}`;
}

/** Data of each znode. */
const dataBytes = 100;
const namespace = "default";
const anyone = { namespace, identities: [] };

interface Subject extends AsyncDisposable {
  create(path: string): Promise<unknown>;
  write(path: string): Promise<unknown>;
  read(path: string, minZxid?: number): Promise<unknown>;
}

/** Each client writes and reads a znode of its own. */
export async function benchTreeCell(cell: TreeCell, seconds: number, folder: string): Promise<TreeFigures> {
  const dataFolder = await mkdtemp(join(folder, "streamkeeper-bench-"));
  try {
    await using subject = await (cell.path === "http" ? httpSubject(dataFolder) : processSubject(dataFolder));
    const paths = Array.from({ length: cell.clients }, (_, client) => `/client-${client}`);
    for (const path of paths) await subject.create(path);
    const act = async (path: string): Promise<unknown> => {
      if (cell.operation === "write") return await subject.write(path);
      return await (cell.operation === "read" ? subject.read(path) : subject.read(path, 1));
    };
    const measured = await measure({ seconds, concurrency: cell.clients }, async (client) => {
      await act(paths[client] ?? "/");
      return { records: 1, bytes: dataBytes };
    });
    const { operations, elapsedMs, p50Ms, p99Ms } = measured;
    const operationsPerSecond = Math.round((operations * 1_000) / elapsedMs);
    return { ...cell, title: treeCellTitle(cell), operationsPerSecond, p50Ms: round(p50Ms), p99Ms: round(p99Ms) };
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}

/** What a cold process does before it answers its first read of a large tree. */
export async function benchTreeLoad(znodes: number, folder: string): Promise<LoadFigures> {
  const dataFolder = await mkdtemp(join(folder, "streamkeeper-bench-"));
  const embedded = await openEmbeddedStorage({ dataFolder });
  try {
    await storeLargeTree(embedded.storage, namespace, znodes, dataBytes);
    const { blobs } = await embedded.storage.blobs.list("snapshots/", { limit: 10 });
    globalThis.gc?.();
    const heapBefore = memoryBytes();
    const counted = countRequests(embedded.storage);
    const services = createServices(counted.storage);
    const cpuBefore = process.cpuUsage();
    const beganMs = performance.now();
    await services.znodes.getData(anyone, largeTreePath(znodes - 1));
    const coldReadMs = performance.now() - beganMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    const requests = counted.total();
    globalThis.gc?.();
    return {
      znodes,
      snapshotMb: round(blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6),
      coldReadMs: Math.round(coldReadMs),
      coldReadCpuMs: Math.round((user + system) / 1_000),
      requests,
      heapMb: Math.round((memoryBytes() - heapBefore) / 1e6),
    };
  } finally {
    await embedded.close();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

function memoryBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function processSubject(dataFolder: string): Promise<Subject> {
  const hosted = await hostServices({ dataFolder });
  const { znodes } = hosted.services;
  const data = new Uint8Array(dataBytes).fill(65);
  return {
    create: (path) => znodes.create(anyone, { path, data, mode: "persistent" }),
    write: (path) => znodes.setData(anyone, { path, data, version: -1 }),
    read: (path, minZxid) => znodes.getData(anyone, path, minZxid === undefined ? {} : { minZxid }),
    [Symbol.asyncDispose]: () => hosted[Symbol.asyncDispose](),
  };
}

async function httpSubject(dataFolder: string): Promise<Subject> {
  const server = await ServerProcess.start({ dataFolder });
  const client = new StreamkeeperClient({ endpoint: server.url, connectionsMax: 256 });
  const data = "A".repeat(dataBytes);
  return {
    create: (path) => client.send(new CreateZnodeCommand({ path, data })),
    write: (path) => client.send(new SetDataCommand({ path, data })),
    read: (path, minZxid) => client.send(new GetZnodeCommand({ path, minZxid })),
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
