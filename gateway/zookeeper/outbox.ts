/** What is to be sent over one connection: frames that are made in one turn of the event loop go together. */
import type { Socket } from "node:net";
import { unsentBytesMax } from "../../shared/limits/zookeeper-gateway.ts";
import type { HeldBytes, Holder } from "../connections/held-bytes.ts";

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
  #heldBytes = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    options.socket.on("drain", () => {
      this.#hold();
      options.onDrain();
    });
  }

  /** Bytes that the client has not read. */
  get unsentBytes(): number {
    return this.#madeBytes + this.#options.socket.writableLength;
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
    const frames = this.#frames;
    if (frames.length === 0) return;
    this.#frames = [];
    this.#madeBytes = 0;
    const { socket, holder } = this.#options;
    if (socket.destroyed || socket.writableEnded) return;
    if (frames.length > 1) socket.cork();
    for (const frame of frames) socket.write(frame);
    if (frames.length > 1) socket.uncork();
    this.#hold();
    if (socket.writableLength > unsentBytesMax) holder.close();
  }

  /** Holds nothing any more. */
  forget(): void {
    this.#frames = [];
    this.#madeBytes = 0;
    this.#heldBytes = 0;
    this.#options.unsent.set(this.#options.holder, 0, true);
  }

  #hold(): void {
    const { socket, unsent, holder } = this.#options;
    const bytes = socket.writableLength;
    if (bytes === this.#heldBytes || socket.destroyed) return;
    const hasMoved = bytes < this.#heldBytes;
    this.#heldBytes = bytes;
    unsent.set(holder, bytes, hasMoved);
  }
}
