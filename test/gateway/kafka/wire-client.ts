/** A client of Kafka's protocol that is made of the gateway's own tables: one connection, requests in flight beside each other. */
import { connect, type Socket } from "node:net";
import { FrameReader } from "../../../gateway/connections/frame-reader.ts";
import type { Api } from "../../../gateway/kafka/protocol/api.ts";
import { apiVersions } from "../../../gateway/kafka/protocol/apis/api-versions.ts";
import { FrameWriter } from "../../../gateway/kafka/protocol/frame-writer.ts";
import { skipTagged, writeRequestHeader } from "../../../gateway/kafka/protocol/header.ts";
import { MessageReader } from "../../../gateway/kafka/protocol/message-reader.ts";
import type { Decoded, Encodable, Fields } from "../../../gateway/kafka/protocol/schema.ts";

const answerBytesMax = 128 * 1024 * 1024;

interface Waiting {
  readonly resolve: (frame: Uint8Array) => void;
  readonly reject: (cause: Error) => void;
}

export class WireClient {
  readonly #socket: Socket;
  readonly #clientId: string;
  readonly #frames = new FrameReader();
  readonly #waiting = new Map<number, Waiting>();
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  #correlationId = 0;

  private constructor(socket: Socket, clientId: string) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => void socket.once("close", () => resolve()));
    this.#clientId = clientId;
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the connection was closed"));
      this.#waiting.clear();
    });
  }

  static async connect(port: number, clientId = "wire-client"): Promise<WireClient> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ host: "127.0.0.1", port }, resolve);
    socket.once("error", reject);
    await promise;
    return new WireClient(socket, clientId);
  }

  /** Rejects if the connection ends before the answer. Without `version`, in the newest version that is described. */
  async send<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    request: Encodable<Request>,
    version: number = api.versions[1],
  ): Promise<Decoded<Response>> {
    const correlationId = this.write(api, request, version);
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#waiting.set(correlationId, { resolve, reject });
    const reader = new MessageReader(await promise);
    reader.i32();
    if (api.isFlexible(version) && api.key !== apiVersions.key) skipTagged(reader);
    const response = api.readResponse(version, reader);
    reader.expectEnd();
    return response;
  }

  /** Sends without waiting for an answer. */
  write<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    request: Encodable<Request>,
    version: number = api.versions[1],
  ): number {
    this.#correlationId += 1;
    const correlationId = this.#correlationId;
    const writer = new FrameWriter();
    const header = { apiKey: api.key, apiVersion: version, correlationId, clientId: this.#clientId };
    writeRequestHeader(writer, header, api.isFlexible(version));
    api.writeRequest(version, writer, request);
    const { pieces, byteLength } = writer.finish();
    const length = Buffer.alloc(4);
    length.writeInt32BE(byteLength);
    this.#socket.write(Buffer.concat([length, ...pieces]));
    return correlationId;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Uint8Array): void {
    this.#frames.push(chunk);
    for (let frame = this.#frames.next(answerBytesMax); frame; frame = this.#frames.next(answerBytesMax)) {
      const correlationId = new MessageReader(frame).i32();
      this.#waiting.get(correlationId)?.resolve(frame);
      this.#waiting.delete(correlationId);
    }
  }
}
