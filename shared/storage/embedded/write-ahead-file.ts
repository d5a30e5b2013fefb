import { fdatasyncSync, writeSync } from "node:fs";
import { constants, type FileHandle, open } from "node:fs/promises";
import { writeAheadGrowthBytes } from "../../limits/embedded-store.ts";

/** A file that is written in places that it has already, so that forcing a write to the disk changes no metadata. */
export class WriteAheadFile {
  readonly #file: FileHandle;
  /** Bytes that the file durably has. */
  #size: number;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** Creates the file if it is not there; its folder is the caller's to make durable. */
  static async open(path: string): Promise<WriteAheadFile> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      return new WriteAheadFile(file, (await file.stat()).size);
    } catch (cause) {
      await file.close();
      throw cause;
    }
  }

  async read(): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(this.#size);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  has(end: number): boolean {
    return end <= this.#size;
  }

  /** Makes room up to `end` at least. Whatever was written stays as it is, also if this fails. */
  async grow(end: number): Promise<void> {
    const size = Math.ceil(end / writeAheadGrowthBytes) * writeAheadGrowthBytes;
    const zeros = Buffer.alloc(writeAheadGrowthBytes);
    for (let at = this.#size; at < size; at += zeros.length) await this.#writeAll(zeros, at);
    await this.#file.sync();
    this.#size = size;
  }

  /** Durable when it returns. */
  writeHere(bytes: Buffer, at: number): void {
    let written = 0;
    while (written < bytes.length)
      written += writeSync(this.#file.fd, bytes, written, bytes.length - written, at + written);
    fdatasyncSync(this.#file.fd);
  }

  /** Durable when it resolves. */
  async write(bytes: Buffer, at: number): Promise<void> {
    await this.#writeAll(bytes, at);
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #writeAll(bytes: Buffer, at: number): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, at + written);
      written += bytesWritten;
    }
  }
}
