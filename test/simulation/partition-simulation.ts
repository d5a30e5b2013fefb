/**
 * One partition under virtual time: several writers, readers and sealers in processes that freeze, die and come back cold,
 * over a store that loses answers, applies late and forgets what has expired. Everything follows from the seed.
 */
import { PartitionReader } from "../../shared/partition/partition-reader.ts";
import { type PartitionWriter, partitionWriter } from "../../shared/partition/partition-writer.ts";
import { sealPartition } from "../../shared/partition/seal-partition.ts";
import { collectPartition } from "../../shared/partition/collect-partition.ts";
import type { Faults } from "../../shared/storage/memory/faults.ts";
import { StorageCorruptError } from "../../shared/storage/errors.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { SimulatedProcess } from "../../shared/storage/memory/simulated-process.ts";
import { SimulatedStore, type SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { topicSettings } from "../../shared/topics/topic-config.ts";
import { faultsMost, swarm } from "./swarm.ts";
import { anomaliesOf, type History, type SendOperation } from "./partition-history.ts";
import { recordsFrom, requestFor } from "./partition-records.ts";

export interface PartitionSimulation {
  readonly seed: number;
  /** A fault of ours instead of the store's: what a writer's process sees of its storage. */
  readonly mutate?: (storage: Storage) => Storage;
  /** The part of its load that it does, up to 1, which is the default. */
  readonly size?: number;
  /** What else of the store is chosen from outside. */
  readonly store?: Partial<SimulationOptions>;
}

export interface SimulationResult {
  readonly anomalies: readonly string[];
  readonly sends: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly events: number;
  readonly segments: number;
}

const name = { topicId: "simulated", partition: 0 };
const hourMs = 3_600_000;
const guardEveryMs = 6 * hourMs;
/** Who finds nothing to do looks less and less often: most of a history is then work, not waiting. */
const idleMsMax = 6 * hourMs;
/** A blob is not found so often in a row only if it is not there. */
const missingInRowMax = 10;
const settings = topicSettings({});
/** More than elsewhere: here clients have patience. */
const faults: Partial<Faults> = {
  ...faultsMost,
  throttled: 0.1,
  unavailable: 0.05,
  timeoutBefore: 0.08,
  timeoutAfter: 0.15,
  timeoutLate: 0.08,
  repeated: 0.15,
  existingUnknown: 0.5,
  tornRange: 0.5,
  blobFlipped: 0,
};

export async function simulatePartition(simulation: PartitionSimulation): Promise<SimulationResult> {
  const { seed, mutate, size = 1, store: options } = simulation;
  const store = new SimulatedStore({ seed, dropsExpiredEntries: seed % 3 !== 2, ...options });
  const world = new World(store, mutate ?? ((storage) => storage), size);
  const beginFaults = swarm(store, faults);
  const log = await store.time.run(async () => {
    await world.live(beginFaults);
    store.setFaults({});
    return await world.readAll();
  });
  const { sends } = world.history;
  return {
    anomalies: anomaliesOf(world.history, log),
    sends: sends.length,
    acknowledged: sends.filter(({ outcome }) => outcome === "ok").length,
    unknown: sends.filter(({ outcome }) => outcome === "info").length,
    events: store.time.events,
    segments: world.segments,
  };
}

/** A process that may be killed: whoever waits for its tasks waits for its end as well. */
interface Host {
  readonly process: SimulatedProcess;
  readonly storage: Storage;
  readonly writer: PartitionWriter;
  readonly died: Promise<void>;
}

class World {
  readonly history: History = { sends: [], polls: [] };
  segments = 0;
  readonly #store: SimulatedStore;
  readonly #random: SeededRandom;
  readonly #mutate: (storage: Storage) => Storage;
  readonly #size: number;
  readonly #inlineBytesMax: number;
  readonly #aheadBytes: number;
  #values = 0;
  #done = false;

  constructor(store: SimulatedStore, mutate: (storage: Storage) => Storage, size: number) {
    this.#size = size;
    this.#store = store;
    this.#random = store.random.fork();
    this.#mutate = mutate;
    this.#inlineBytesMax = this.#random.pick([0, 150, 16_384]);
    this.#aheadBytes = this.#random.pick([1, 200, 4_000_000]);
  }

  async live(beginFaults: () => void): Promise<void> {
    if (this.#random.chance(0.06)) await this.#crowd();
    const writers = 2 + this.#random.below(3);
    const clients = Array.from({ length: writers }, (_, index) => this.#client(index));
    const readers = [this.#reader("early"), this.#reader("late")];
    const beside = Promise.all([...readers, this.#sealer(), this.#sealer(), this.#guard(beginFaults)]);
    // Those beside end only when the clients have, unless they fail.
    await Promise.race([Promise.all(clients), beside]);
    this.#done = true;
    await beside;
  }

  async readAll(): Promise<(readonly [number, string])[]> {
    const reader = new PartitionReader(this.#store.process().storage, name);
    const highWatermark = await reader.highWatermark();
    const log: (readonly [number, string])[] = [];
    for (let offset = 0; offset < highWatermark;) {
      const read = await reader.read(offset, { bytesMax: 100_000, recordsMax: 1_000 });
      if (read.kind !== "batches" || read.nextOffset <= offset)
        throw new Error(`nothing at ${offset} of ${highWatermark}`);
      log.push(...recordsFrom(read.batches, offset));
      offset = read.nextOffset;
    }
    return log;
  }

  /** @param isHeldUp only where a repeat that comes days late need not be recognised: producers are forgotten by then */
  #host(mayStop = true, isHeldUp = false): Host {
    const { promise: died, resolve: onKilled } = Promise.withResolvers<void>();
    const wallSkewMs = this.#random.below(10_000) - 5_000;
    const driftPpm = this.#random.below(400) - 200;
    const process = this.#store.process({ wallSkewMs, driftPpm, ...(mayStop ? { onKilled } : {}) });
    const storage = this.#mutate(process.storage);
    const bounds = { requestsMax: 2_000, bytesMax: 1_000_000, aheadBytes: this.#aheadBytes };
    const held = isHeldUp ? this.#heldUp(storage, process) : storage;
    const writer = partitionWriter(held, name, () => this.#inlineBytesMax, bounds);
    return { process, storage, writer, died };
  }

  /** What a writer sends leaves, now and then, only when it is much too late: its process stands still as it sends it. */
  #heldUp(storage: Storage, process: SimulatedProcess): Storage {
    const send = <Answer>(sent: Promise<Answer>, probability: number): Promise<Answer> => {
      const ms = 80 * hourMs * this.#random.fraction();
      if (this.#random.chance(probability)) process.freeze(ms, { monotonicStops: this.#random.chance(0.5) });
      return sent;
    };
    const { logs } = storage;
    return {
      ...storage,
      logs: {
        ...logs,
        putIfAbsent: (entry, maySend) => send(logs.putIfAbsent(entry, maySend), 0.05),
        readFrom: (logId, position, limits) => send(logs.readFrom(logId, position, limits), 0.02),
      },
    };
  }

  /** So many producers that their table is stored beside the log, before anything else happens. */
  async #crowd(): Promise<void> {
    const { writer } = this.#host(false);
    for (let first = 1_000; first < 2_200; first += 300) {
      const sends = Array.from({ length: 300 }, async (_, index) => {
        const operation = this.#operation(1, {});
        const identity = { producerId: BigInt(first + index), producerEpoch: 0, baseSequence: 0 };
        const result = await writer.append(requestFor(operation, identity));
        operation.completedMs = this.#store.time.nowMs;
        if (result.kind !== "done") operation.outcome = result.kind === "unknown" ? "info" : "fail";
        else Object.assign(operation, { outcome: "ok", offset: result.result.baseOffset });
      });
      await Promise.all(sends);
    }
  }

  /** A client with its process: it sends, and goes on in a new, cold process when the old one dies. */
  async #client(index: number): Promise<void> {
    const producerId = this.#random.chance(0.6) ? BigInt(index) : undefined;
    let sequence = 0;
    let host = this.#host(true, producerId === undefined);
    const rounds = this.#size * (8 + this.#random.below(12));
    for (let round = 0; round < rounds; round += 1) {
      if (this.#random.chance(0.06)) host.process.kill();
      if (host.process.killed) host = this.#host(true, producerId === undefined);
      this.#disturb(host);
      const burst = this.#random.chance(0.3) ? 1 + this.#random.below(6) : 1;
      if (producerId === undefined) {
        await Promise.all(Array.from({ length: burst }, () => this.#sendOnce(host)));
      } else {
        sequence = await this.#sendIdempotent(host, producerId, sequence);
        // Only a sequence whose outcome is known may be followed by another.
        if (sequence < 0) return;
      }
      await this.#pause(this.#random.chance(0.1) ? 5 * 60_000 : 200);
    }
  }

  /** What may happen to the process while it waits for its answer. */
  #disturb(host: Host): void {
    const { time } = this.#store;
    const delayMs = this.#random.fraction() * 12;
    if (this.#random.chance(0.12)) {
      const ms = this.#random.pick([50, 5_000, 90_000, 3 * hourMs, 80 * hourMs]) * (0.5 + this.#random.fraction());
      const monotonicStops = this.#random.chance(0.5);
      time.schedule(delayMs, () => host.process.freeze(ms, { monotonicStops }));
    } else if (this.#random.chance(0.04)) {
      time.schedule(delayMs, () => host.process.kill());
    } else if (this.#random.chance(0.05)) {
      time.schedule(delayMs, () => host.process.stepWall(this.#random.pick([-3_000, 2_000])));
    } else if (this.#random.chance(0.045)) this.#outage();
  }

  /** A put is lost on its way, or only its answer, and so are all that ask after it. */
  #outage(): void {
    const requests = 4 + this.#random.below(4);
    this.#store.failNext("logs.putIfAbsent", this.#random.pick(["timeoutAfter", "timeoutLate", "timeoutBefore"]));
    this.#store.failNext(
      "logs.putIfAbsent",
      this.#random.pick(["timeoutBefore", "throttled", "unavailable"]),
      requests,
    );
  }

  async #sendOnce(host: Host): Promise<void> {
    const seen = host.writer.seen?.position;
    const expectedOffset = seen !== undefined && this.#random.chance(0.2) ? seen : undefined;
    const fencingToken = this.#random.chance(0.2)
      ? Math.floor(this.#store.time.nowMs / 60_000) + this.#random.below(2)
      : undefined;
    await this.#send(host, { expectedOffset, fencingToken });
  }

  /** Sends one batch again and again until its outcome is known; the next sequence, or -1 if it gave up. */
  async #sendIdempotent(host: Host, producerId: bigint, sequence: number): Promise<number> {
    const recordCount = 1 + this.#random.below(3);
    const operation = this.#operation(recordCount, {});
    let current = host;
    for (let attempt = 0; attempt < 30; attempt += 1) {
      await this.#attempt(current, operation, { producerId, producerEpoch: 0, baseSequence: sequence });
      if (operation.outcome === "ok") return sequence + recordCount;
      // A producer that is silent for a day is forgotten, as in Kafka: a repeat after that is not recognised.
      if (this.#store.time.nowMs - operation.invokedMs > 10 * hourMs) return -1;
      if (current.process.killed || this.#random.chance(0.2)) current = this.#host();
      await this.#pause(2_000);
    }
    return -1;
  }

  async #send(
    host: Host,
    conditions: { expectedOffset?: number | undefined; fencingToken?: number | undefined },
  ): Promise<void> {
    await this.#attempt(host, this.#operation(1 + this.#random.below(3), conditions));
  }

  #operation(
    recordCount: number,
    { expectedOffset, fencingToken }: { expectedOffset?: number | undefined; fencingToken?: number | undefined },
  ): SendOperation {
    this.#values += 1;
    const operation: SendOperation = {
      value: `v${this.#values}`,
      recordCount,
      invokedMs: this.#store.time.nowMs,
      completedMs: Infinity,
      outcome: "info",
      offset: -1,
      ...(expectedOffset === undefined ? {} : { expectedOffset }),
      ...(fencingToken === undefined ? {} : { fencingToken }),
    };
    this.history.sends.push(operation);
    return operation;
  }

  async #attempt(host: Host, operation: SendOperation, producer?: Parameters<typeof requestFor>[1]): Promise<void> {
    const result = await Promise.race([host.writer.append(requestFor(operation, producer)), host.died]);
    if (result === undefined) return;
    operation.completedMs = this.#store.time.nowMs;
    if (result.kind === "done") {
      operation.outcome = "ok";
      operation.offset = result.result.baseOffset;
    } else if (producer === undefined) {
      operation.outcome = result.kind === "unknown" ? "info" : "fail";
    } else if (result.kind === "refused" && result.refusal.code !== "UNSEALED_TOO_LONG") {
      throw new Error(
        `producer ${producer.producerId} was refused sequence ${producer.baseSequence}: ${result.refusal.code}`,
      );
    }
  }

  async #reader(kind: "early" | "late"): Promise<void> {
    let host = this.#host();
    let reader = new PartitionReader(host.storage, name);
    let offset = 0;
    let idleMs = 200;
    let restarts = 8;
    let missing = 0;
    while (!this.#done) {
      await this.#pause(Math.min(idleMsMax, kind === "late" ? idleMs * 50 : idleMs));
      // Until it has found something, also where its processes die of it.
      idleMs = Math.min(idleMs * 2, idleMsMax);
      if (host.process.killed || (restarts > 0 && this.#random.chance(0.05))) {
        restarts -= 1;
        host = this.#host();
        reader = new PartitionReader(host.storage, name);
        if (restarts > 0 && this.#random.chance(0.5)) offset = this.#random.below(offset + 1);
      }
      try {
        const limits = { bytesMax: 1 + this.#random.below(2_000), recordsMax: 1 + this.#random.below(20) };
        const read = await Promise.race([reader.read(offset, limits), host.died]);
        if (read === undefined) continue;
        if (read.kind !== "batches") throw new Error(`${kind} reader is out of range at ${offset}`);
        const records = recordsFrom(read.batches, offset);
        this.history.polls.push({ reader: kind, offset, records, nextOffset: read.nextOffset });
        if (read.nextOffset > offset) idleMs = 200;
        offset = read.nextOffset;
        missing = 0;
      } catch (cause) {
        missing += 1;
        const mayBePassing = cause instanceof StorageCorruptError && missing < missingInRowMax;
        if (!mayBePassing && !isStorageError(cause)) throw cause;
      }
    }
  }

  /** Whatever keeps sealers from it, somebody sees to it that entries are sealed long before they expire (invariant 8). */
  async #guard(beginFaults: () => void): Promise<void> {
    let nextMs = guardEveryMs;
    while (!this.#done) {
      await this.#pause(hourMs);
      if (this.#store.time.nowMs < nextMs) continue;
      this.#store.setFaults({});
      try {
        await sealPartition(this.#store.process().storage, name, settings, { forced: true });
        nextMs = this.#store.time.nowMs + guardEveryMs;
      } catch (cause) {
        // What was to befall the next request befell this one.
        if (!isStorageError(cause)) throw cause;
      }
      beginFaults();
    }
  }

  async #sealer(): Promise<void> {
    let host = this.#host();
    let idle = 1;
    while (!this.#done) {
      await this.#pause(Math.min(idleMsMax, idle * this.#random.pick([10_000, 10 * 60_000, 2 * hourMs])));
      if (this.#random.chance(0.1)) host.process.freeze(this.#random.below(10 * 60_000));
      if (this.#random.chance(0.1)) {
        const dying = host;
        this.#store.time.schedule(this.#random.below(40), () => dying.process.kill());
      }
      try {
        const forced = this.#random.chance(0.5);
        const sealed = sealPartition(host.storage, name, settings, { forced });
        const result = await Promise.race([sealed, host.died]);
        if (result !== undefined) this.segments += result.segments;
        idle = result !== undefined && result.segments > 0 ? 1 : idle * 2;
        if (this.#random.chance(0.3)) await Promise.race([collectPartition(host.storage, name), host.died]);
      } catch (cause) {
        if (!isStorageError(cause)) throw cause;
      }
      if (host.process.killed) host = this.#host();
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#store.time.schedule(this.#random.fraction() * ms, resolve);
    });
  }
}

function isStorageError(cause: unknown): boolean {
  if (!(cause instanceof Error) || !cause.name.startsWith("Storage")) return false;
  // The store cuts a blob short now and then, which is to be noticed; any other damage is ours.
  return cause.name !== "StorageCorruptError" || /has \d+ of \d+ bytes/.test(cause.message);
}
