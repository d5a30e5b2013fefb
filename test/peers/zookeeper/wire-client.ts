/** Speaks ZooKeeper's wire protocol, as far as the tests need it: one connection, requests in a row, answers in order. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Acl } from "../../../shared/tree/acl.ts";
import { JuteReader, JuteWriter } from "./jute.ts";

export const opCodes = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  createContainer: 19,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  addWatch: 106,
  closeSession: -11,
  error: -1,
} as const;

export interface WireStat {
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly ctime: bigint;
  readonly mtime: bigint;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: bigint;
}

export interface WireEvent {
  readonly type: number;
  readonly path: string;
}

export interface WireReply {
  readonly err: number;
  /** Of the answer; only to be read if there is no error. */
  readonly body: JuteReader;
}

const timeoutMs = 40_000;
const eventXid = -1;
const authXid = -4;

interface Pending {
  readonly resolve: (reply: WireReply) => void;
  readonly reject: (error: Error) => void;
}

export class WireClient {
  readonly events: WireEvent[] = [];
  sessionId = 0n;
  readonly #socket: Socket;
  readonly #pending: Pending[] = [];
  #received: Buffer = Buffer.alloc(0);
  #xid = 0;
  #connected: { resolve(reader: JuteReader): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("close", () => this.#fail(new Error("the connection was closed")));
    socket.on("error", (error) => this.#fail(error));
  }

  static async open(port: number): Promise<WireClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    const client = new WireClient(socket);
    const request = new JuteWriter().int(0).long(0n).int(timeoutMs).long(0n).buffer(new Uint8Array(16)).bool(false);
    const answer = new Promise<JuteReader>((resolve, reject) => (client.#connected = { resolve, reject }));
    socket.write(request.packet());
    const reader = await answer;
    reader.int();
    reader.int();
    client.sessionId = reader.long();
    return client;
  }

  send(type: number, body: Uint8Array): Promise<WireReply> {
    this.#xid += 1;
    return this.#request(this.#xid, type, body);
  }

  auth(userAndPassword: string): Promise<WireReply> {
    const body = new JuteWriter().int(0).string("digest").buffer(Buffer.from(userAndPassword));
    return this.#request(authXid, opCodes.auth, body.bytes());
  }

  async close(): Promise<void> {
    await this.send(opCodes.closeSession, new Uint8Array(0));
    this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #request(xid: number, type: number, body: Uint8Array): Promise<WireReply> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.#socket.write(new JuteWriter().int(xid).int(type).raw(body).packet());
    });
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    while (this.#received.length >= 4) {
      const length = this.#received.readInt32BE(0);
      if (this.#received.length < 4 + length) return;
      this.#take(this.#received.subarray(4, 4 + length));
      this.#received = this.#received.subarray(4 + length);
    }
  }

  #take(packet: Buffer): void {
    const reader = new JuteReader(packet);
    if (this.#connected !== undefined) {
      this.#connected.resolve(reader);
      this.#connected = undefined;
      return;
    }
    const xid = reader.int();
    reader.long();
    const err = reader.int();
    if (xid === eventXid) {
      const type = reader.int();
      reader.int();
      this.events.push({ type, path: reader.string() });
      return;
    }
    this.#pending.shift()?.resolve({ err, body: reader });
  }

  #fail(error: Error): void {
    this.#connected?.reject(error);
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }
}

export function writeAcl(out: JuteWriter, acl: readonly Acl[]): JuteWriter {
  return out.vector(acl, (to, row) => to.int(row.permissions).string(row.scheme).string(row.id));
}

export function readAcl(from: JuteReader): readonly Acl[] {
  return from.vector((row) => ({ permissions: row.int(), scheme: row.string(), id: row.string() }));
}

export function readStat(from: JuteReader): WireStat {
  return {
    czxid: from.long(),
    mzxid: from.long(),
    ctime: from.long(),
    mtime: from.long(),
    version: from.int(),
    cversion: from.int(),
    aversion: from.int(),
    ephemeralOwner: from.long(),
    dataLength: from.int(),
    numChildren: from.int(),
    pzxid: from.long(),
  };
}
