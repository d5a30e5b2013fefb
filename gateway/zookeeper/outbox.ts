/** What is to be sent over one connection: frames that are made in one turn of the event loop go together. */
import type { Socket } from "node:net";
import { keptBlockBytes, unsentBytesMax } from "../../shared/limits/zookeeper-gateway.ts";
import type { HeldBytes, Holder } from "../connections/held-bytes.ts";

const noBytes = Buffer.alloc(0);

export interface OutboxOptions {
  readonly socket: Socket;
  readonly holder: Holder;
  /** Answers and events of all connections that their clients have not read. */
  readonly unsent: HeldBytes;
  readonly flusher: Flusher;
  /** Called when the client has read what it was sent, after it had not. */
  readonly onDrain: () => void;
}

/** Sends what all connections have to send, at the end of the turn in which the first of it was made. */
export class Flusher {
  readonly #outboxes = new Set<Outbox>();

  add(outbox: Outbox): void {
    if (this.#outboxes.size === 0) process.nextTick(() => this.#flush());
    this.#outboxes.add(outbox);
  }

  #flush(): void {
    const outboxes = [...this.#outboxes];
    this.#outboxes.clear();
    for (const outbox of outboxes) outbox.flush();
  }
}

export class Outbox {
  readonly #options: OutboxOptions;
  #frames: Buffer[] = [];
  /** Of `#frames`. */
  #madeBytes = 0;
  /** What waits until the client has read what the socket has. */
  readonly #kept = new KeptFrames();
  #heldBytes = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    options.socket.on("drain", () => {
      this.#write(this.#kept.take());
      this.#hold();
      options.onDrain();
    });
  }

  /** Bytes that the client has not read. */
  get unsentBytes(): number {
    return this.#madeBytes + this.#kept.bytes + this.#options.socket.writableLength;
  }

  send(frame: Buffer): void {
    this.#madeBytes += frame.length;
    const last = this.#frames.at(-1);
    // Frames that were written one after the other stand in the same block.
    if (last !== undefined && last.buffer === frame.buffer && last.byteOffset + last.length === frame.byteOffset) {
      this.#frames[this.#frames.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + frame.length);
    } else this.#frames.push(frame);
    this.#options.flusher.add(this);
  }

  flush(): void {
    if (this.#frames.length === 0) return;
    const { socket, holder, onDrain } = this.#options;
    const isMuch = this.#madeBytes >= socket.writableHighWaterMark;
    if (socket.writableNeedDrain) for (const frame of this.#made()) this.#kept.add(frame);
    else this.#write(this.#made());
    this.#hold();
    if (this.unsentBytes > unsentBytesMax) holder.close();
    // What the system has taken at once, no event tells of.
    else if (isMuch && !socket.writableNeedDrain) onDrain();
  }

  /** Before the socket ends. */
  flushAll(): void {
    this.#write([...this.#kept.take(), ...this.#made()]);
    this.#hold();
  }

  #made(): readonly Buffer[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#madeBytes = 0;
    return frames;
  }

  #write(frames: readonly Buffer[]): void {
    const { socket } = this.#options;
    if (frames.length === 0 || socket.destroyed || socket.writableEnded) return;
    if (frames.length > 1) socket.cork();
    for (const frame of frames) socket.write(frame);
    if (frames.length > 1) socket.uncork();
  }

  /** Holds nothing any more. */
  forget(): void {
    this.#made();
    this.#kept.take();
    this.#heldBytes = 0;
    this.#options.unsent.set(this.#options.holder, 0, true);
  }

  #hold(): void {
    const { socket, unsent, holder } = this.#options;
    const bytes = socket.writableLength + this.#kept.bytes;
    if (bytes === this.#heldBytes || socket.destroyed) return;
    const hasMoved = bytes < this.#heldBytes;
    this.#heldBytes = bytes;
    unsent.set(holder, bytes, hasMoved);
  }
}

/** Frames in blocks of their own: as they were made, a short one would keep the block that it stands in with many others. */
class KeptFrames {
  #whole: Buffer[] = [];
  #block = noBytes;
  #filled = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(frame: Buffer): void {
    this.#bytes += frame.length;
    if (frame.length > keptBlockBytes) {
      this.#endBlock();
      this.#whole.push(frame);
      return;
    }
    for (let at = 0; at < frame.length;) {
      if (this.#filled === this.#block.length) {
        this.#endBlock();
        this.#block = Buffer.allocUnsafeSlow(keptBlockBytes);
      }
      const copied = frame.copy(this.#block, this.#filled, at);
      this.#filled += copied;
      at += copied;
    }
  }

  take(): readonly Buffer[] {
    this.#endBlock();
    const whole = this.#whole;
    this.#whole = [];
    this.#bytes = 0;
    return whole;
  }

  #endBlock(): void {
    if (this.#filled > 0) this.#whole.push(this.#block.subarray(0, this.#filled));
    this.#block = noBytes;
    this.#filled = 0;
  }
}
