/**
 * One tree under virtual time: writers in processes that freeze, die and come back cold, over a store that loses answers,
 * applies late and reads ranges with gaps. Each write is repeated under its key, by any process, until it is answered.
 */
import { snapshotsLogId } from "../../shared/log/log-id.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { SimulatedProcess } from "../../shared/storage/memory/simulated-process.ts";
import { SimulatedStore, type SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { tidyTree } from "../../shared/tree/tidy-tree.ts";
import type { TreeRequest } from "../../shared/tree/tree-request.ts";
import { Tree } from "../../shared/tree/tree.ts";
import { dump } from "../shared/tree/operations.ts";
import { faultsMost, swarm } from "./swarm.ts";

const namespace = "sim";
const triesMax = 12;
const utf8 = new TextEncoder();

interface Process {
  process: SimulatedProcess;
  tree: Tree;
}

interface Write {
  readonly value: string;
  /** The path that was answered, if it was. */
  path?: string;
}

export interface TreeSimulationResult {
  /** In words; none if the tree kept its promises. */
  readonly anomalies: readonly string[];
  readonly acknowledged: number;
  readonly unanswered: number;
  readonly snapshots: number;
}

/** @param mutate a fault of ours instead of the store's: what becomes of a request before it is sent */
export async function simulateTree(
  seed: number,
  mutate: (request: TreeRequest) => TreeRequest = (request) => request,
  options: Partial<SimulationOptions> = {},
  size = 1,
): Promise<TreeSimulationResult> {
  const store = new SimulatedStore({ seed, ...options });
  return await store.time.run(() => new Simulation(store, mutate, size).run());
}

class Simulation {
  readonly #store: SimulatedStore;
  readonly #random: SeededRandom;
  readonly #mutate: (request: TreeRequest) => TreeRequest;
  readonly #size: number;
  readonly #writes: Write[] = [];
  readonly #anomalies: string[] = [];
  #acknowledgedCounts = 0;
  #counts = 0;
  #processes: Process[] = [];

  constructor(store: SimulatedStore, mutate: (request: TreeRequest) => TreeRequest, size: number) {
    this.#size = size;
    this.#store = store;
    this.#random = store.random;
    this.#mutate = mutate;
  }

  async run(): Promise<TreeSimulationResult> {
    this.#processes = [this.#start(), this.#start(), this.#start()];
    await this.#prepare();
    swarm(this.#store, { ...faultsMost, blobFlipped: 0.3 }, ["blobs.get", "blobs.put"]);
    await Promise.all([...Array.from({ length: 4 }, (_, client) => this.#client(client)), this.#trouble()]);
    this.#store.setFaults({});
    await this.#store.process().storage.timers.sleep(30_000);
    await this.#check();
    return {
      anomalies: this.#anomalies,
      acknowledged: this.#writes.filter(({ path }) => path !== undefined).length,
      unanswered: this.#writes.filter(({ path }) => path === undefined).length,
      snapshots: this.#store.logs.from(snapshotsLogId(namespace), 0, 100).length,
    };
  }

  /** Two znodes, and nearly as many transactions as make a snapshot due. */
  async #prepare(): Promise<void> {
    const { tree } = this.#any();
    const data = new Uint8Array(0);
    await tree.write({
      operations: ["/q", "/counter"].map((path) => ({ kind: "create", path, data, mode: "persistent" }) as const),
    });
    const fill = { operations: [{ kind: "setData", path: "/", data, version: -1 }] } as const;
    await Promise.all(Array.from({ length: 980 }, () => tree.write(fill)));
  }

  async #client(client: number): Promise<void> {
    for (let index = 0; index < 20 * this.#size; index += 1) {
      await (this.#random.chance(0.3) ? this.#count() : this.#create({ value: `${client}-${index}` }));
      await this.#read();
    }
  }

  async #create(write: Write): Promise<void> {
    this.#writes.push(write);
    const request: TreeRequest = {
      operations: [
        { kind: "check", path: "/q", version: 0 },
        { kind: "create", path: "/q/n-", data: utf8.encode(write.value), mode: "persistent_sequential" },
      ],
      idempotency: { key: write.value, fingerprint: 1 },
    };
    for (let attempt = 0; attempt < triesMax; attempt += 1) {
      const result = await this.#attempt(({ tree }) => tree.write(this.#mutate(request)));
      if (result?.kind === "refused") this.#anomalies.push(`${write.value} is refused: ${result.refusal.message}`);
      if (result?.kind !== "done") continue;
      const [, created] = result.result.results;
      if (created?.kind === "create") write.path = created.path;
      return;
    }
  }

  /** Compare and set without a key: unanswered ones may have happened. */
  async #count(): Promise<void> {
    const result = await this.#attempt(async ({ tree }) => {
      const version = (await tree.read()).node("/counter")?.version ?? 0;
      return await tree.write({ operations: [{ kind: "setData", path: "/counter", data: null, version }] });
    });
    if (result?.kind === "refused") return;
    this.#counts += 1;
    if (result?.kind === "done") this.#acknowledgedCounts += 1;
  }

  /** Whatever was acknowledged before a linearizable read is seen by it. */
  async #read(): Promise<void> {
    const known = this.#writes.flatMap(({ path }) => (path === undefined ? [] : [path]));
    const counted = this.#acknowledgedCounts;
    await this.#attempt(async ({ tree }) => {
      const seen = await tree.read();
      for (const path of known)
        if (seen.node(path) === undefined) this.#anomalies.push(`stale read: ${path} is missing`);
      if ((seen.node("/counter")?.version ?? 0) < counted)
        this.#anomalies.push(`stale read: the counter is below ${counted}`);
    });
  }

  /** What a process does before it dies or gives up; nothing if the store failed. */
  async #attempt<Result>(act: (process: Process) => Promise<Result>): Promise<Result | undefined> {
    const process = this.#any();
    const giveUp = this.#store
      .process()
      .storage.timers.sleep(60_000)
      .then(() => undefined);
    const run = act(process).catch((cause: unknown) => {
      if (cause instanceof Error && cause.name.startsWith("Storage")) return undefined;
      this.#anomalies.push(`unexpected: ${String(cause)}`);
      return undefined;
    });
    return await Promise.race([run, giveUp]);
  }

  async #trouble(): Promise<void> {
    const { timers } = this.#store.process().storage;
    for (let round = 0; round < 6; round += 1) {
      await timers.sleep(this.#random.between(100, 4_000));
      const index = this.#random.between(0, 2) % this.#processes.length;
      const victim = this.#processes[index];
      const choice = this.#random.fraction();
      if (choice < 0.4) victim?.process.freeze(this.#random.between(10, 90_000));
      else if (choice < 0.8) {
        victim?.process.kill();
      } else {
        const tidying = tidyTree(this.#any().process.storage, namespace).catch(() => undefined);
        await Promise.race([tidying, timers.sleep(60_000)]);
      }
    }
  }

  async #check(): Promise<void> {
    const cold = this.#start();
    const tree = await cold.tree.read();
    const found = new Map<string, string[]>();
    for (const name of tree.childNames("/q")) {
      const value = new TextDecoder().decode(tree.node(`/q/${name}`)?.data ?? undefined);
      found.set(value, [...(found.get(value) ?? []), `/q/${name}`]);
    }
    for (const { value, path } of this.#writes) {
      const at = found.get(value) ?? [];
      if (at.length > 1) this.#anomalies.push(`${value} was created ${at.length} times`);
      if (path !== undefined && !at.includes(path))
        this.#anomalies.push(`${value}, acknowledged as ${path}, is at ${at.join()}`);
    }
    const version = tree.node("/counter")?.version ?? 0;
    if (version < this.#acknowledgedCounts || version > this.#counts) {
      this.#anomalies.push(`counted to ${version}, acknowledged ${this.#acknowledgedCounts} of ${this.#counts}`);
    }
    const expected = JSON.stringify(dump(tree), replaceBigInt);
    for (const { tree: other } of this.#processes) {
      if (JSON.stringify(dump(await other.read()), replaceBigInt) !== expected) this.#anomalies.push("replicas differ");
    }
  }

  #start(): Process {
    const onKilled = (): void => {
      const index = this.#processes.indexOf(started);
      if (index >= 0) this.#processes[index] = this.#start();
    };
    const process = this.#store.process({ wallSkewMs: this.#random.between(-2_000, 2_000), onKilled });
    const storage: Storage = process.storage;
    const started = { process, tree: new Tree(storage, namespace) };
    return started;
  }

  #any(): Process {
    const process = this.#processes[this.#random.uint32() % this.#processes.length];
    if (process === undefined) throw new Error("there is no process");
    return process;
  }
}

function replaceBigInt(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
