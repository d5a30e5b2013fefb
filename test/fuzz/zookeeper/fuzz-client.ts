/** A connection that sends what it is given, well formed or not, and keeps what comes back. */
import { connect, type Socket } from "node:net";
import { FrameReader } from "../../../gateway/connections/frame-reader.ts";
import { JuteReader } from "../../../gateway/zookeeper/protocol/jute-reader.ts";
import { connectResponse, replyHeader, watcherEvent } from "../../../gateway/zookeeper/protocol/records.ts";
import { specialXid } from "../../../gateway/zookeeper/protocol/operations.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import type { ValueOf } from "../../../gateway/zookeeper/protocol/schema.ts";
import { FuzzFailure } from "../target.ts";

export interface FuzzReply {
  readonly xid: number;
  readonly zxid: number;
  readonly err: number;
  readonly body: JuteReader;
}

const answerBytesMax = 1 << 26;

export class FuzzClient {
  readonly replies: FuzzReply[] = [];
  session: ValueOf<typeof connectResponse> | undefined;
  isOver = false;
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  readonly #asksWord: boolean;
  #problem: FuzzFailure | undefined;
  #onChange: (() => void) | undefined;

  /** @param asksWord whether text is answered instead of frames */
  constructor(port: number, asksWord: boolean) {
    this.#asksWord = asksWord;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("close", () => {
      this.isOver = true;
      this.#onChange?.();
    });
  }

  /** @throws FuzzFailure for what no client could read */
  check(): void {
    if (this.#problem !== undefined) throw this.#problem;
  }

  send(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readAgain(): void {
    this.#socket.resume();
  }

  endSending(): void {
    this.#socket.end();
  }

  /** @param asReset instead of saying that there is no more */
  destroy(asReset: boolean): void {
    if (asReset && !this.#socket.destroyed) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Resolves to false when it has taken longer. */
  async until(isSo: () => boolean, waitMsMax: number): Promise<boolean> {
    const { promise: late, resolve: isLate } = Promise.withResolvers<"late">();
    const timer = setTimeout(() => isLate("late"), waitMsMax);
    try {
      while (!isSo()) {
        const { promise, resolve } = Promise.withResolvers<"changed">();
        this.#onChange = () => resolve("changed");
        if ((await Promise.race([promise, late])) === "late") return isSo();
      }
      return true;
    } finally {
      clearTimeout(timer);
    }
  }

  #receive(chunk: Buffer): void {
    if (!this.#asksWord) {
      this.#frames.push(chunk);
      try {
        for (let frame = this.#next(); frame !== undefined; frame = this.#next()) this.#take(frame);
      } catch (cause) {
        this.#problem ??= new FuzzFailure("the gateway sent what no client could read", { cause });
        this.#socket.destroy();
      }
    }
    this.#onChange?.();
  }

  #next(): Uint8Array | undefined {
    return this.#frames.next(answerBytesMax);
  }

  #take(frame: Uint8Array): void {
    const from = new JuteReader(frame);
    if (this.session === undefined) {
      this.session = connectResponse.read(from);
      return;
    }
    const { xid, zxid, err } = replyHeader.read(from);
    // What was asked with the xid of notifications is answered with it.
    if (xid === specialXid.notification && isEvent(frame)) return;
    this.replies.push({ xid, zxid, err, body: from });
  }
}

function isEvent(frame: Uint8Array): boolean {
  const from = new JuteReader(frame);
  replyHeader.read(from);
  try {
    watcherEvent.read(from);
    return from.left === 0;
  } catch (error) {
    if (error instanceof MalformedBytesError) return false;
    throw error;
  }
}
