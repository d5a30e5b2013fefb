import type { Database, RootDatabase } from "lmdb";
import {
  checkpointBytes,
  checkpointKeys,
  checkpointRetryMs,
  directCommitBytesMin,
  directCommitKeysMax,
  writeAheadGenerationBytes,
  writeAheadGenerationKeys,
  writeAheadGenerationsMax,
} from "../../limits/embedded-store.ts";
import type { Random } from "../environment.ts";
import { StorageCorruptError, StorageTimeoutError } from "../errors.ts";
import type { CommitTarget } from "./commit-queue.ts";
import { decodeValue, encodeValue } from "./checked-value.ts";
import { commitFailure, preparationFailure } from "./disk-errors.ts";
import { type Layers, LayeredTable } from "./layered-table.ts";
import { PendingWrites, type PendingWrite } from "./pending-writes.ts";
import { frameMarkBytes } from "./write-ahead-frame.ts";
import type { WriteAheadLog } from "./write-ahead-log.ts";

type Table = Database<Buffer, Uint8Array>;

/** When what the write-ahead log holds is brought into LMDB; the limits by default. */
export interface CheckpointPace {
  readonly generationBytes: number;
  readonly generationKeys: number;
}

export interface WriteAheadStoreOptions {
  readonly root: RootDatabase<Buffer, Uint8Array>;
  /** Where the generation stands that LMDB has, and the mark of the log's frames. */
  readonly meta: Table;
  /** The first one has number 0 in the log, and so on. */
  readonly tables: readonly Table[];
  readonly log: WriteAheadLog;
  readonly folder: string;
  readonly nowMs: () => number;
  readonly random: Random;
  readonly pace?: CheckpointPace | undefined;
}

const paceDefault: CheckpointPace = {
  generationBytes: writeAheadGenerationBytes,
  generationKeys: writeAheadGenerationKeys,
};
const checkpointing = "bringing the write-ahead log into LMDB";
const generationKey = Buffer.from("write-ahead generation");
const markKey = Buffer.from("write-ahead mark");

/**
 * LMDB with a write-ahead log before it. A commit is durable, and seen, once it is in the log; LMDB gets it later, with
 * thousands of others.
 *
 *     decide ─► staged ─► log, forced once ─► active ──── a generation is full ────► frozen ─► LMDB
 *                 └─ much at once ─► LMDB, with all that is active
 *
 * Reads see active, frozen and LMDB as one; decisions see what is staged as well. One commit is made at a time.
 */
export class WriteAheadStore implements CommitTarget, Layers {
  readonly #root: RootDatabase<Buffer, Uint8Array>;
  readonly #meta: Table;
  readonly #stored: readonly Table[];
  readonly #log: WriteAheadLog;
  readonly #folder: string;
  readonly #nowMs: () => number;
  readonly #random: Random;
  readonly #pace: CheckpointPace;
  #active = new PendingWrites();
  #frozen: PendingWrites | undefined;
  #decided = new PendingWrites();
  #isDeciding = false;
  #visible: readonly PendingWrites[] = [this.#active];
  #checkpoint: Promise<void> | undefined;
  #retryAtMs = -Infinity;
  /** How the last frame ended is not known: nothing may come after it. */
  #isBroken = false;

  constructor({ root, meta, tables, log, folder, nowMs, random, pace = paceDefault }: WriteAheadStoreOptions) {
    this.#root = root;
    this.#meta = meta;
    this.#stored = tables;
    this.#log = log;
    this.#folder = folder;
    this.#nowMs = nowMs;
    this.#random = random;
    this.#pace = pace;
  }

  /** @throws RangeError if there is no such table */
  table(number: number): LayeredTable {
    const stored = this.#stored[number];
    if (stored === undefined) throw new RangeError(`there is no table ${number}`);
    return new LayeredTable(stored, number, this);
  }

  /** What lies over LMDB and is durable, the newest first. */
  get visible(): readonly PendingWrites[] {
    return this.#visible;
  }

  /** What the decisions that are being made write. */
  get staged(): PendingWrites | undefined {
    return this.#isDeciding ? this.#decided : undefined;
  }

  /**
   * Brings into LMDB what the log holds. Once, before anything else.
   *
   * @throws StorageCorruptError if what was durable has changed
   * @throws StorageUnavailableError if LMDB does not take it
   */
  async recover(): Promise<void> {
    try {
      const stored = this.#storedGeneration();
      const { writes, generation } = await this.#log.recover(await this.#frameMark(), stored);
      if (generation > stored) await this.#store(writes, generation);
      this.#log.begin(generation + 1);
    } catch (cause) {
      throw await preparationFailure(this.#folder, checkpointing, cause);
    }
  }

  /** Runs decisions, which write to the tables. */
  decide(decisions: () => void): void {
    this.#decided = new PendingWrites();
    this.#isDeciding = true;
    try {
      decisions();
    } finally {
      this.#isDeciding = false;
    }
  }

  /**
   * Commits what was decided on the caller's thread, if that needs one write to the log and nothing else; durable and
   * seen when it returns.
   *
   * @returns false if `commit` has to do it
   * @throws StorageTimeoutError if the outcome is open
   */
  commitHere(): boolean {
    const writes = this.#decided;
    if (writes.count === 0) return true;
    if (this.#isBroken || this.#isDirect(writes) || this.#isFull) return false;
    const frame = this.#log.encode(writes);
    if (!this.#log.hasRoom(frame)) return false;
    try {
      this.#log.appendHere(frame);
    } catch (cause) {
      throw this.#broken(cause);
    }
    this.#show(writes);
    return true;
  }

  /**
   * Commits what was decided; durable and seen when it resolves.
   *
   * @throws StorageTimeoutError if the outcome is open
   * @throws StorageUnavailableError if nothing was written
   */
  async commit(): Promise<void> {
    const writes = this.#decided;
    if (writes.count === 0) return;
    if (this.#isBroken) await this.#renew();
    if (this.#isDirect(writes)) return await this.#commitDirectly(writes);
    if (this.#isFull) await this.#rotate();
    const frame = this.#log.encode(writes);
    if (!this.#log.hasRoom(frame)) await this.#makeRoom(frame);
    try {
      await this.#log.append(frame);
    } catch (cause) {
      throw this.#broken(cause);
    }
    this.#show(writes);
  }

  /** Brings all into LMDB that is committed; no commit may be made meanwhile. */
  async checkpoint(): Promise<void> {
    if (this.#frozen !== undefined) await this.#finishCheckpoint();
    if (this.#active.count > 0) await this.#renew();
  }

  /** Ends what goes on; what LMDB does not get stays in the log. */
  async close(): Promise<void> {
    try {
      await this.checkpoint();
    } catch {
      // It is in the log, where the next one to open the folder finds it.
    }
    await this.#log.close();
  }

  /** Whether a commit has to wait until LMDB has what is frozen, if anything is; that is begun again after a while. */
  get #isFull(): boolean {
    const frozen = this.#frozen;
    if (frozen !== undefined && this.#checkpoint === undefined && this.#nowMs() >= this.#retryAtMs)
      this.#beginCheckpoint(frozen);
    const times = frozen === undefined ? 1 : writeAheadGenerationsMax;
    const { generationBytes, generationKeys } = this.#pace;
    return this.#log.bytes >= generationBytes * times || this.#active.count >= generationKeys * times;
  }

  /** Much at once, with little or nothing before it that LMDB does not have. */
  #isDirect(writes: PendingWrites): boolean {
    return (
      writes.bytes >= directCommitBytesMin && this.#frozen === undefined && this.#active.count <= directCommitKeysMax
    );
  }

  async #commitDirectly(writes: PendingWrites): Promise<void> {
    const { generation } = this.#log;
    const isBegun = this.#active.count > 0;
    try {
      await this.#transact(() => {
        this.#put(this.#active);
        this.#put(writes);
        if (isBegun) this.#putGeneration(generation);
      });
    } catch (cause) {
      const failure = await commitFailure(this.#folder, writes.bytes, cause);
      this.#isBroken = failure instanceof StorageTimeoutError;
      // LMDB may have this generation now, so nothing that is added to it would be recovered.
      if (isBegun) this.#freeze();
      throw failure;
    }
    if (isBegun) this.#begin(generation + 1);
  }

  async #rotate(): Promise<void> {
    if (this.#frozen !== undefined) await this.#finishCheckpoint();
    this.#beginCheckpoint(this.#freeze());
  }

  /** Leaves the generation to LMDB, and begins the next. */
  #freeze(): PendingWrites {
    const frozen = this.#active;
    this.#frozen = frozen;
    this.#begin(this.#log.generation + 1);
    return frozen;
  }

  /** Brings the generation into LMDB, with whatever its last frame has become. */
  async #renew(): Promise<void> {
    if (this.#frozen !== undefined) await this.#finishCheckpoint();
    const { generation } = this.#log;
    this.#isBroken = true;
    try {
      await this.#store(this.#active, generation);
    } catch (cause) {
      throw await preparationFailure(this.#folder, checkpointing, cause);
    }
    this.#begin(generation + 1);
    this.#isBroken = false;
  }

  async #finishCheckpoint(): Promise<void> {
    if (this.#checkpoint === undefined && this.#frozen !== undefined) this.#beginCheckpoint(this.#frozen);
    await this.#checkpoint;
  }

  #beginCheckpoint(frozen: PendingWrites): void {
    const generation = this.#log.generation - 1;
    const checkpoint = this.#store(frozen, generation).then(
      () => {
        this.#checkpoint = undefined;
        this.#frozen = undefined;
        this.#visible = [this.#active];
      },
      async (cause: unknown) => {
        this.#retryAtMs = this.#nowMs() + checkpointRetryMs;
        this.#checkpoint = undefined;
        throw await preparationFailure(this.#folder, checkpointing, cause);
      },
    );
    this.#checkpoint = checkpoint;
    // Whoever needs it waits for it; the others try again later.
    checkpoint.catch(() => {});
  }

  /** Writes to LMDB, a part at a time, and then that it has the generation. */
  async #store(writes: Iterable<PendingWrite>, generation: number): Promise<void> {
    for (const part of partsOf(writes)) await this.#transact(() => this.#put(part));
    await this.#transact(() => this.#putGeneration(generation));
  }

  /** One transaction of LMDB, which must not be used by another one meanwhile. */
  async #transact(work: () => void): Promise<void> {
    // After a failure that LMDB does not get over, lmdb would never end it; a read that begins now fails then.
    this.#root.resetReadTxn();
    this.#meta.get(generationKey);
    await this.#root.transaction(work);
  }

  #put(writes: Iterable<PendingWrite>): void {
    for (const { table, key, value } of writes) {
      const stored = this.#stored[table];
      if (stored === undefined) throw new StorageCorruptError(`the write-ahead log names the unknown table ${table}`);
      if (value === undefined) void stored.remove(key);
      else void stored.put(key, value);
    }
  }

  #begin(generation: number): void {
    this.#log.begin(generation);
    this.#active = new PendingWrites();
    this.#visible = this.#frozen === undefined ? [this.#active] : [this.#active, this.#frozen];
  }

  #show(writes: PendingWrites): void {
    for (const write of writes) this.#active.set(write);
  }

  async #makeRoom(frame: Buffer): Promise<void> {
    try {
      await this.#log.makeRoom(frame);
    } catch (cause) {
      throw await preparationFailure(this.#folder, "making room in the write-ahead log", cause);
    }
  }

  #broken(cause: unknown): StorageTimeoutError {
    this.#isBroken = true;
    return new StorageTimeoutError(`a commit to ${this.#folder} failed, and may have happened`, { cause });
  }

  /** The mark of this folder's frames, durable when it resolves. */
  async #frameMark(): Promise<Buffer> {
    const found = this.#meta.get(markKey);
    if (found !== undefined)
      return decodeValue(markKey, found, "the mark of frames", (reader) => Buffer.from(reader.view(frameMarkBytes)));
    const mark = Buffer.from(this.#random.id(), "base64url").subarray(0, frameMarkBytes);
    await this.#transact(() => {
      void this.#meta.put(
        markKey,
        encodeValue(markKey, frameMarkBytes, (writer) => writer.raw(mark)),
      );
    });
    return mark;
  }

  #storedGeneration(): number {
    const value = this.#meta.get(generationKey);
    if (value === undefined) return 0;
    return decodeValue(generationKey, value, "the generation that LMDB has", (reader) => reader.unsignedVarlongSafe());
  }

  #putGeneration(generation: number): void {
    const value = encodeValue(generationKey, 8, (writer) => writer.unsignedVarlongSafe(generation));
    void this.#meta.put(generationKey, value);
  }
}

/** Writes in parts that hold up the event loop for about a millisecond each. */
function* partsOf(writes: Iterable<PendingWrite>): Generator<readonly PendingWrite[]> {
  let part: PendingWrite[] = [];
  let bytes = 0;
  for (const write of writes) {
    part.push(write);
    bytes += write.key.length + (write.value?.length ?? 0);
    if (part.length < checkpointKeys && bytes < checkpointBytes) continue;
    yield part;
    part = [];
    bytes = 0;
  }
  if (part.length > 0) yield part;
}
