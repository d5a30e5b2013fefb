/** A client of one connection that speaks by the same tables as the gateway; what it is told is kept in its order. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FrameReader } from "../../../gateway/connections/frame-reader.ts";
import { JuteReader } from "../../../gateway/zookeeper/protocol/jute-reader.ts";
import { JuteWriter } from "../../../gateway/zookeeper/protocol/jute-writer.ts";
import {
  type OperationName,
  operations,
  type RequestOf,
  specialXid,
} from "../../../gateway/zookeeper/protocol/operations.ts";
import {
  connectRequest,
  connectResponse,
  replyHeader,
  requestHeader,
  watcherEvent,
} from "../../../gateway/zookeeper/protocol/records.ts";
import type { ValueOf } from "../../../gateway/zookeeper/protocol/schema.ts";

export type ResponseOf<Name extends OperationName> = ValueOf<(typeof operations)[Name]["response"]>;

export interface Reply<Name extends OperationName> {
  readonly xid: number;
  readonly zxid: number;
  readonly err: number;
  /** Undefined for an error. */
  readonly body: ResponseOf<Name> | undefined;
}

export type Told =
  | { readonly kind: "event"; readonly type: number; readonly path: string; readonly zxid: number }
  | { readonly kind: "reply"; readonly xid: number; readonly zxid: number };

interface Pending {
  /** Undefined where it may be any. */
  readonly xid: number | undefined;
  readonly name: OperationName | undefined;
  resolve(reply: Reply<OperationName>): void;
  readonly reject: (error: Error) => void;
}

export interface ConnectOptions {
  readonly sessionId?: bigint;
  readonly passwd?: Uint8Array;
  readonly timeOut?: number;
  readonly lastZxidSeen?: number;
  /** Closes the connection, from its beginning on. */
  readonly signal?: AbortSignal;
  /** Told of all events and replies as they come, before who asked is; must not throw. */
  readonly onTold?: (told: Told) => void;
}

const specialXids: Partial<Record<OperationName, number>> = {
  ping: specialXid.ping,
  auth: specialXid.auth,
  setWatches: specialXid.setWatches,
  setWatches2: specialXid.setWatches,
};
const frameBytesMax = 64 * 1024 * 1024;

export class WireClient {
  /** All events and replies, as they came. */
  readonly told: Told[] = [];
  session: ValueOf<typeof connectResponse> | undefined;
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  readonly #writer = new JuteWriter();
  readonly #pending: Pending[] = [];
  readonly #connected = Promise.withResolvers<ValueOf<typeof connectResponse>>();
  #xid = 0;
  #onTold: ((told: Told) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#connected.promise.catch(() => undefined);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#fail(new Error("the connection was closed")));
  }

  /** @throws Error where the gateway closes the connection instead of answering */
  static async connect(port: number, options: ConnectOptions = {}): Promise<WireClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const client = new WireClient(socket);
    client.#onTold = options.onTold;
    options.signal?.addEventListener("abort", () => socket.destroy(), { once: true });
    await Promise.race([once(socket, "connect"), client.#connected.promise]);
    const { sessionId = 0n, passwd = new Uint8Array(16), timeOut = 10_000, lastZxidSeen = 0 } = options;
    const to = client.#writer.begin();
    connectRequest.write(to, { protocolVersion: 0, lastZxidSeen, timeOut, sessionId, passwd, readOnly: false });
    socket.write(to.end());
    client.session = await client.#connected.promise;
    return client;
  }

  get events(): readonly { readonly type: number; readonly path: string }[] {
    return this.told.flatMap((told) => (told.kind === "event" ? [{ type: told.type, path: told.path }] : []));
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  send<Name extends OperationName>(name: Name, body: RequestOf<Name>): Promise<Reply<Name>> {
    this.#xid += 1;
    const xid = specialXids[name] ?? this.#xid;
    const type = operations[name].code;
    return this.#ask(xid, type, name, (to) => operations[name].request.write(to, body as never));
  }

  /** An operation's number and body as they are. The answer's body is not read. */
  sendRaw(type: number, body: Uint8Array): Promise<Reply<OperationName>> {
    this.#xid += 1;
    return this.#ask(this.#xid, type, undefined, (to) => to.raw(body));
  }

  /** The answer to a frame that `sendBytes` sends next. */
  expectReply<Name extends OperationName>(name: Name): Promise<Reply<Name>> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ xid: undefined, name, resolve, reject });
    });
  }

  /** A frame as it is, without its length. */
  sendBytes(bytes: Uint8Array): void {
    const head = Buffer.alloc(4);
    head.writeInt32BE(bytes.length);
    this.#socket.write(Buffer.concat([head, bytes]));
  }

  /** Bytes of the stream as they are. */
  sendPart(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Resolves when the connection is closed by the other end. */
  async closed(): Promise<void> {
    if (this.#socket.closed) return;
    await new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #ask(
    xid: number,
    type: number,
    name: OperationName | undefined,
    write: (to: JuteWriter) => void,
  ): Promise<Reply<OperationName>> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new Error("the connection is closed"));
        return;
      }
      this.#pending.push({ xid, name, resolve, reject });
      const to = this.#writer.begin();
      requestHeader.write(to, { xid, type });
      write(to);
      this.#socket.write(to.end());
    });
  }

  #receive(chunk: Buffer): void {
    this.#frames.push(chunk);
    for (let frame = this.#frames.next(frameBytesMax); frame !== undefined; frame = this.#frames.next(frameBytesMax)) {
      this.#take(new JuteReader(frame));
    }
  }

  #take(from: JuteReader): void {
    if (this.session === undefined) {
      this.session = connectResponse.read(from);
      this.#connected.resolve(this.session);
      return;
    }
    const { xid, zxid, err } = replyHeader.read(from);
    if (xid === specialXid.notification) {
      const { type, path } = watcherEvent.read(from);
      this.#tell({ kind: "event", type, path, zxid });
      return;
    }
    this.#tell({ kind: "reply", xid, zxid });
    const pending = this.#pending.shift();
    if (pending === undefined) throw new Error(`an answer that nobody asked for: ${xid}`);
    if (pending.xid !== undefined && pending.xid !== xid) {
      pending.reject(new Error(`${pending.name} has the xid ${pending.xid}, the answer ${xid}`));
      this.#socket.destroy();
      return;
    }
    const { name } = pending;
    const body = err === 0 && name !== undefined ? operations[name].response.read(from) : undefined;
    pending.resolve({ xid, zxid, err, body });
  }

  #tell(told: Told): void {
    this.told.push(told);
    this.#onTold?.(told);
  }

  #fail(error: Error): void {
    this.#connected.reject(error);
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }
}
