/** One connection of the load generator: frames out, xid and error of the answers in, and nothing that costs more. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { closeFrame, connectFrame } from "./frames.ts";

const sessionTimeoutMs = 30_000;
/** Larger than any answer of the load; what is split all the same is put together. */
const readBytes = 16_384;
const nothing: Buffer = Buffer.alloc(0);
/** In a frame: the xid, the zxid, the error. */
const [xidAt, errorAt] = [4, 16];

export class LoadConnection {
  /** Called for every answer; the error is 0 where there is none. */
  onReply: (error: number, xid: number) => void = () => undefined;
  /** Called when the connection ends and nobody has closed it. */
  onLost: (cause: Error) => void = () => undefined;
  readonly #socket: Socket;
  #rest: Buffer = nothing;
  #connected: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
  #closing = false;

  private constructor(port: number) {
    const buffer = Buffer.alloc(readBytes);
    const callback = (bytes: number): boolean => (this.#receive(buffer.subarray(0, bytes)), true);
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true, onread: { buffer, callback } });
    this.#socket.on("error", (error) => this.#end(error));
    this.#socket.on("close", () => this.#end(new Error("the server closed the connection")));
  }

  /** With a session of its own. @throws Error if there is none */
  static async open(port: number): Promise<LoadConnection> {
    const connection = new LoadConnection(port);
    const connected = connection.#connected?.promise;
    connection.send(connectFrame(sessionTimeoutMs));
    await connected;
    return connection;
  }

  send(frame: Buffer): void {
    this.#socket.write(frame);
  }

  /** Ends the session, and then the connection. */
  async close(): Promise<void> {
    this.#closing = true;
    const closed = once(this.#socket, "close");
    this.onReply = () => this.#socket.destroy();
    this.send(closeFrame(1));
    await closed;
  }

  #receive(bytes: Buffer): void {
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (data.length - at >= 4) {
      const end = at + 4 + data.readInt32BE(at);
      if (end > data.length) break;
      this.#take(data, at);
      at = end;
    }
    // The bytes that are read into are used again.
    this.#rest = at === data.length ? nothing : Buffer.from(data.subarray(at));
  }

  #take(data: Buffer, at: number): void {
    if (this.#connected === undefined) {
      const xid = data.readInt32BE(at + xidAt);
      if (xid >= 0) this.onReply(data.readInt32BE(at + errorAt), xid);
      return;
    }
    const sessionId = data.readBigInt64BE(at + 12);
    if (sessionId === 0n) this.#connected.reject(new Error("the server gave no session"));
    else this.#connected.resolve();
    this.#connected = undefined;
  }

  #end(cause: Error): void {
    this.#connected?.reject(cause);
    if (!this.#closing) this.onLost(cause);
  }
}
