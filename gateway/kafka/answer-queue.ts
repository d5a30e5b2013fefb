import type { Socket } from "node:net";
import type { HeldBytes, Holder } from "../connections/held-bytes.ts";
import type { Turn } from "./lanes.ts";

/** The pieces of an answer's frame, or undefined where a request has no answer. */
export type Frame = readonly Uint8Array[] | undefined;

export interface Work {
  readonly frame: Promise<Frame>;
  readonly turn: Turn;
  /** Of the request. */
  readonly bytes: number;
}

export interface AnswerQueueOptions {
  readonly socket: Socket;
  readonly holder: Holder;
  readonly unsent: HeldBytes;
  /** Called when a request is answered, or will never be. */
  readonly onDone: (work: Work) => void;
  /** Called when a request fails: the connection cannot go on. */
  readonly onFailure: (error: unknown) => void;
}

/** Sends the answers of a connection in the order of their requests. */
export class AnswerQueue {
  readonly #options: AnswerQueueOptions;
  readonly #works: Work[] = [];
  #unsentBytes = 0;
  #isSending = false;
  #isStalled = false;

  constructor(options: AnswerQueueOptions) {
    this.#options = options;
  }

  /** Requests that are not answered. */
  get length(): number {
    return this.#works.length;
  }

  /** Whether the client has not read what it was sent. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  add(work: Work): void {
    this.#works.push(work);
    // It is looked at when its turn comes; until then nobody else hears of its failure.
    work.frame.then(
      (frame) => this.#hold(bytesOf(frame)),
      () => undefined,
    );
    void this.#send();
  }

  /** Holds nothing any more, whatever is still made. */
  forget(): void {
    this.#unsentBytes = 0;
    this.#options.unsent.set(this.#options.holder, 0, true);
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let work = this.#works[0]; work !== undefined; work = this.#works[0]) {
        const frame = await work.frame;
        if (frame !== undefined) await this.#write(frame);
        this.#works.shift();
        work.turn.sent();
        this.#options.onDone(work);
      }
    } catch (error) {
      const left = this.#works.splice(0);
      this.#options.onFailure(error);
      for (const work of left) {
        work.turn.sent();
        this.#options.onDone(work);
      }
    } finally {
      this.#isSending = false;
    }
  }

  async #write(pieces: readonly Uint8Array[]): Promise<void> {
    const { socket } = this.#options;
    if (socket.destroyed) return;
    socket.cork();
    let isRoom = true;
    for (const piece of pieces) isRoom = socket.write(piece);
    socket.uncork();
    if (!isRoom) {
      this.#isStalled = true;
      await drained(socket);
      this.#isStalled = false;
    }
    this.#hold(-bytesOf(pieces));
  }

  #hold(bytes: number): void {
    const { socket, unsent, holder } = this.#options;
    if (socket.destroyed) return;
    this.#unsentBytes += bytes;
    unsent.set(holder, this.#unsentBytes, bytes < 0);
  }
}

function bytesOf(frame: Frame): number {
  return frame?.reduce((sum, { length }) => sum + length, 0) ?? 0;
}

async function drained(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once("drain", resolve);
  socket.once("close", resolve);
  await promise;
  socket.off("drain", resolve);
  socket.off("close", resolve);
}
