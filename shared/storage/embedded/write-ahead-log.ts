/**
 * The write-ahead log: a commit is durable once its frame is, one write at the end of what is forced to the disk once,
 * where LMDB forces its pages and then its root.
 *
 *     wal/0  generations 0, 2, ...        wal/1  generations 1, 3, ...
 *
 * A generation is written from the start of its file while the one before is brought into LMDB; what then lies behind it
 * is of generations that LMDB has. A frame is written only when the one before it is durable, so one that is not whole is
 * the last one, whose commit was never answered.
 */
import { join } from "node:path";
import { damagedFramesMax } from "../../limits/embedded-store.ts";
import { StorageCorruptError } from "../errors.ts";
import { makeFolder } from "./make-folder.ts";
import type { PendingWrite, PendingWrites } from "./pending-writes.ts";
import { WriteAheadFile } from "./write-ahead-file.ts";
import { encodeFrame, type Frame, type FrameNumbers, frameStart, readFrame } from "./write-ahead-frame.ts";

/** What LMDB does not have yet. */
export interface Recovered {
  /** In their order. */
  readonly writes: readonly PendingWrite[];
  /** The last generation of them. */
  readonly generation: number;
}

export class WriteAheadLog {
  readonly #files: readonly [WriteAheadFile, WriteAheadFile];
  #mark: Buffer = Buffer.alloc(0);
  #generation = 0;
  #frames = 0;
  #previousFrames = 0;
  #end = 0;

  private constructor(files: readonly [WriteAheadFile, WriteAheadFile]) {
    this.#files = files;
  }

  /** Creates its folder if it is not there; to make that durable is the caller's. */
  static async open(folder: string): Promise<WriteAheadLog> {
    await makeFolder(folder);
    const even = await WriteAheadFile.open(join(folder, "0"));
    try {
      return new WriteAheadLog([even, await WriteAheadFile.open(join(folder, "1"))]);
    } catch (cause) {
      await even.close();
      throw cause;
    }
  }

  get generation(): number {
    return this.#generation;
  }

  /** Bytes of the generation's frames. */
  get bytes(): number {
    return this.#end;
  }

  /**
   * Finds what is to be written to LMDB, which has all generations up to `stored`. Once, before anything else.
   *
   * @param mark of its frames
   * @throws StorageCorruptError if frames that were durable are not as they were written
   */
  async recover(mark: Buffer, stored: number): Promise<Recovered> {
    this.#mark = mark;
    const files = await Promise.all(this.#files.map((file) => file.read()));
    return recoverFrames(mark, files, stored);
  }

  /** The next append is the first of this generation; LMDB has all but the one before it. */
  begin(generation: number): void {
    this.#previousFrames = generation === this.#generation + 1 ? this.#frames : 0;
    this.#generation = generation;
    this.#frames = 0;
    this.#end = 0;
  }

  encode(writes: PendingWrites): Buffer {
    const numbers: FrameNumbers = {
      mark: this.#mark,
      generation: this.#generation,
      sequence: this.#frames,
      previousFrames: this.#previousFrames,
    };
    return encodeFrame(numbers, writes, writes.bytes + writes.count * 16);
  }

  hasRoom(frame: Buffer): boolean {
    return this.#file.has(this.#end + frame.length);
  }

  async makeRoom(frame: Buffer): Promise<void> {
    await this.#file.grow(this.#end + frame.length);
  }

  /** Needs room. Durable when it returns; if it throws, nobody knows, and the generation must not be gone on with. */
  appendHere(frame: Buffer): void {
    this.#file.writeHere(frame, this.#end);
    this.#appended(frame);
  }

  /** As `appendHere`, on a thread of its own. */
  async append(frame: Buffer): Promise<void> {
    await this.#file.write(frame, this.#end);
    this.#appended(frame);
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()));
  }

  #appended(frame: Buffer): void {
    this.#end += frame.length;
    this.#frames += 1;
  }

  get #file(): WriteAheadFile {
    return this.#files[this.#generation % 2 === 0 ? 0 : 1];
  }
}

/**
 * The writes of the generations after `stored` that lie in the two files.
 *
 * @throws StorageCorruptError if frames that were durable are not as they were written
 */
export function recoverFrames(mark: Buffer, files: readonly Buffer[], stored: number): Recovered {
  const writes: PendingWrite[] = [];
  let generation = stored;
  let before: readonly Frame[] = [];
  for (const next of [stored + 1, stored + 2]) {
    const file = files[next % 2] ?? Buffer.alloc(0);
    const frames = framesOf(mark, file, next);
    const [first] = frames;
    checkNoneLater(mark, file, next, frames.at(-1)?.end ?? 0);
    if (first === undefined) continue;
    if (generation !== next - 1 || (next > stored + 1 && first.previousFrames !== before.length))
      throw new StorageCorruptError(`the write-ahead log lacks frames of generation ${next - 1}`);
    for (const frame of frames) for (const write of frame.writes) writes.push(write);
    generation = next;
    before = frames;
  }
  for (const file of files)
    if ((readFrame(mark, file, 0)?.generation ?? 0) > generation)
      throw new StorageCorruptError(
        `LMDB has generation ${stored}, and the write-ahead log is farther than the next two`,
      );
  return { writes, generation };
}

/** The frames of a generation from the start of its file. */
function framesOf(mark: Buffer, file: Buffer, generation: number): readonly Frame[] {
  const frames: Frame[] = [];
  for (let start = 0; ;) {
    const frame = readFrame(mark, file, start);
    if (frame?.generation !== generation || frame.sequence !== frames.length) return frames;
    frames.push(frame);
    start = frame.end;
  }
}

/** A whole frame behind one that is not whole says that this one has changed after it was durable. */
function checkNoneLater(mark: Buffer, file: Buffer, generation: number, end: number): void {
  const start = frameStart(mark, generation);
  let found = file.indexOf(start, end);
  for (let looks = 0; found >= 0 && looks < damagedFramesMax; looks += 1) {
    if (readFrame(mark, file, found) !== undefined)
      throw new StorageCorruptError(
        `a frame of generation ${generation} of the write-ahead log does not match its checksum`,
      );
    found = file.indexOf(start, found + 1);
  }
}
