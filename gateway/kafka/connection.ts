/** One client's connection: reads requests, lets them run beside each other, and answers in their order. */
import type { Socket } from "node:net";
import { describeError } from "../../functions/http/log.ts";
import {
  connectionIdleMsMax,
  connectionRequestBytesMax,
  connectionRequestsMax,
  kafkaRequestBytesMax,
  kafkaUnauthenticatedRequestBytesMax,
} from "../../shared/limits/kafka-gateway.ts";
import { authenticationMsMax } from "../../shared/limits/kafka-security.ts";
import { MalformedBytesError } from "../../shared/record/malformed-bytes-error.ts";
import { FrameError, FrameReader } from "./frame-reader.ts";
import type { ApiEntry, Gateway, Peer } from "./handler.ts";
import { unsupportedApiVersions } from "./handlers/api-versions.ts";
import { authenticate } from "./handlers/sasl-authenticate.ts";
import { Lanes, type Turn } from "./lanes.ts";
import { observed } from "./observed.ts";
import type { Api, RequestOf } from "./protocol/api.ts";
import { apiVersions } from "./protocol/apis/api-versions.ts";
import { FrameWriter } from "./protocol/frame-writer.ts";
import { readRequestHeader, type RequestHeader, skipTagged } from "./protocol/header.ts";
import { MessageReader } from "./protocol/message-reader.ts";
import type { RequestBudget } from "./request-budget.ts";

/** The pieces of a frame, or undefined where a request has no answer. */
type Frame = readonly Uint8Array[] | undefined;

interface UnderWay {
  readonly frame: Promise<Frame>;
  readonly turn: Turn;
  readonly bytes: number;
}

export interface ConnectionOptions {
  readonly gateway: Gateway;
  readonly budget: RequestBudget;
  /** Whether a client must say who it is before anything else. */
  readonly needsAuthentication: boolean;
}

/** Not asked yet, or for what needs no authentication. */
const anonymous = "User:ANONYMOUS";
const apisBeforeAuthentication: ReadonlySet<number> = new Set([17, 18, 36]);

export class Connection {
  readonly #socket: Socket;
  readonly #gateway: Gateway;
  readonly #budget: RequestBudget;
  readonly #peer: Peer;
  readonly #frames = new FrameReader();
  readonly #lanes = new Lanes();
  readonly #gone = new AbortController();
  /** Requests in the order in which they came. */
  readonly #underWay: UnderWay[] = [];
  #bytesUnderWay = 0;
  #waitingBytes = 0;
  #isAnswering = false;
  #isEnding = false;
  /** As soon as all is answered, whatever the client does. */
  #isRefused = false;
  #muted: NodeJS.Timeout | undefined;

  constructor(socket: Socket, { gateway, budget, needsAuthentication }: ConnectionOptions) {
    this.#socket = socket;
    this.#gateway = gateway;
    this.#budget = budget;
    const host = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    this.#peer = { principal: anonymous, host, isAuthenticated: !needsAuthentication, sendsTokens: false };
    socket.setNoDelay(true);
    socket.setTimeout(connectionIdleMsMax, () => this.close());
    socket.on("data", (chunk) => this.#read(chunk));
    // Its end is told by `close`; what went wrong with a client's connection is nothing to write down.
    socket.on("error", () => this.close());
    socket.on("end", () => this.#finish());
    socket.on("close", () => this.#forget());
    if (needsAuthentication) this.#closeUnlessAuthenticated();
  }

  #closeUnlessAuthenticated(): void {
    const timeout = setTimeout(() => {
      if (!this.#peer.isAuthenticated) this.close();
    }, authenticationMsMax);
    timeout.unref();
    this.#socket.once("close", () => clearTimeout(timeout));
  }

  /** Ends it at once. */
  close(): void {
    this.#gone.abort();
    this.#socket.destroy();
  }

  /** Reads nothing more, answers what is under way, and ends. Waits of requests end at once. */
  #finish(): void {
    this.#isEnding = true;
    this.#gone.abort();
    if (this.#underWay.length === 0) this.#socket.end();
  }

  /** As if the client had ended it. */
  end(): void {
    this.#socket.pause();
    this.#finish();
  }

  #forget(): void {
    this.#gone.abort();
    clearTimeout(this.#muted);
    this.#budget.setWaiting(this, 0);
    this.#waitingBytes = 0;
  }

  #read(chunk: Uint8Array): void {
    if (this.#isEnding) return;
    try {
      for (const frame of this.#frames.push(chunk, () => this.#frameBytesMax())) this.#begin(frame);
    } catch (error) {
      if (!(error instanceof FrameError || error instanceof MalformedBytesError)) {
        this.#gateway.log("ERROR", "connection failed", { cause: describeError(error) });
      }
      this.close();
      return;
    }
    this.#waitingBytes = this.#frames.waitingBytes;
    if (!this.#budget.setWaiting(this, this.#waitingBytes)) this.close();
    if (!this.#isFull()) return;
    this.#socket.pause();
    if (this.#budget.isSpent) this.#budget.onRoom(() => this.#resume());
  }

  #frameBytesMax(): number {
    return this.#peer.isAuthenticated ? kafkaRequestBytesMax : kafkaUnauthenticatedRequestBytesMax;
  }

  #isFull(): boolean {
    return (
      this.#underWay.length >= connectionRequestsMax ||
      this.#bytesUnderWay >= connectionRequestBytesMax ||
      this.#budget.isSpent
    );
  }

  /** @throws MalformedBytesError for what is no request that can be answered */
  #begin(frame: Uint8Array): void {
    if (this.#peer.sendsTokens) {
      this.#start(this.#answerToken(frame), this.#lanes.take("turns"), frame.length);
      return;
    }
    const reader = new MessageReader(frame);
    const header = readRequestHeader(reader);
    const known = this.#gateway.apis.get(header.apiKey);
    if (known === undefined) throw new MalformedBytesError(`there is no API ${header.apiKey}`);
    const turn = this.#lanes.take(known.lane);
    this.#start(this.#answer(known, header, reader, turn), turn, frame.length);
  }

  #start(frame: Promise<Frame>, turn: Turn, bytes: number): void {
    this.#underWay.push({ frame, turn, bytes });
    this.#bytesUnderWay += bytes;
    this.#budget.take(bytes);
    void this.#sendAnswers();
  }

  /** Of SaslHandshake v0: without headers, and a refusal is no answer at all. */
  async #answerToken(token: Uint8Array): Promise<Frame> {
    const result = await authenticate(token, { gateway: this.#gateway, peer: this.#peer, signal: this.#gone.signal });
    if (result.kind === "failed") {
      this.#refuse();
      return undefined;
    }
    const { bytes } = new FrameWriter();
    bytes.i32(result.bytes.length);
    bytes.raw(result.bytes);
    return [bytes.finish()];
  }

  #answer(known: ApiEntry, header: RequestHeader, reader: MessageReader, turn: Turn): Promise<Frame> {
    const { api } = known;
    const { apiVersion } = header;
    if (apiVersion < api.versions[0] || apiVersion > api.versions[1]) {
      if (api.key !== apiVersions.key) {
        throw new MalformedBytesError(`there is no version ${apiVersion} of ${api.name}`);
      }
      const refusal = unsupportedApiVersions(this.#gateway);
      return Promise.resolve(frameOf(header, false, (writer) => apiVersions.writeResponse(0, writer, refusal)));
    }
    if (!this.#peer.isAuthenticated && !apisBeforeAuthentication.has(api.key)) {
      throw new MalformedBytesError(`${api.name} before authentication`);
    }
    if (api.isFlexible(apiVersion)) skipTagged(reader);
    const request = api.readRequest(apiVersion, reader);
    return this.#handle(known, header, request, turn);
  }

  async #handle(known: ApiEntry, header: RequestHeader, request: RequestOf<Api>, turn: Turn): Promise<Frame> {
    const { api, handle } = known;
    const { apiVersion, clientId } = header;
    await turn.begins;
    try {
      const context = {
        gateway: this.#gateway,
        peer: this.#peer,
        apiVersion,
        clientId: clientId ?? "",
        signal: this.#gone.signal,
        passTurn: turn.pass,
        mute: (ms: number) => this.#mute(ms),
        endConnection: () => this.#refuse(),
      };
      const response = await observed(api.name, this.#gateway, () => handle(request, context));
      if (response === undefined) return undefined;
      const hasTags = api.isFlexible(apiVersion) && api.key !== apiVersions.key;
      return frameOf(header, hasTags, (writer) => api.writeResponse(apiVersion, writer, response));
    } finally {
      turn.pass();
    }
  }

  async #sendAnswers(): Promise<void> {
    if (this.#isAnswering) return;
    this.#isAnswering = true;
    try {
      for (let work = this.#underWay[0]; work !== undefined; work = this.#underWay[0]) {
        const frame = await work.frame;
        if (frame !== undefined) await this.#send(frame);
        work.turn.sent();
        this.#underWay.shift();
        this.#release(work.bytes);
      }
    } catch (error) {
      // A request that fails without an answer is a bug, or its version does not exist: its client may try anew.
      if (!(error instanceof MalformedBytesError)) {
        this.#gateway.log("ERROR", "request failed", { cause: describeError(error) });
      }
      for (const { turn, bytes } of this.#underWay.splice(0)) {
        turn.sent();
        this.#release(bytes);
      }
      this.close();
    } finally {
      this.#isAnswering = false;
    }
    if (this.#isRefused) this.#socket.destroySoon();
    else if (this.#isEnding) this.#socket.end();
  }

  /** Reads nothing more, sends the answers, and ends. */
  #refuse(): void {
    this.#isRefused = true;
    this.end();
  }

  #mute(ms: number): void {
    this.#socket.pause();
    clearTimeout(this.#muted);
    this.#muted = setTimeout(() => {
      this.#muted = undefined;
      this.#resume();
    }, ms);
  }

  #release(bytes: number): void {
    this.#bytesUnderWay -= bytes;
    this.#budget.give(bytes);
    this.#resume();
  }

  #resume(): void {
    if (this.#isEnding || this.#muted !== undefined || this.#socket.destroyed || !this.#socket.isPaused()) return;
    if (!this.#isFull()) this.#socket.resume();
    else if (this.#budget.isSpent) this.#budget.onRoom(() => this.#resume());
  }

  async #send(pieces: readonly Uint8Array[]): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#socket.cork();
    let isRoom = true;
    for (const piece of pieces) isRoom = this.#socket.write(piece);
    this.#socket.uncork();
    if (!isRoom) await drained(this.#socket);
  }
}

function frameOf(header: RequestHeader, hasTags: boolean, write: (writer: FrameWriter) => void): readonly Uint8Array[] {
  const writer = new FrameWriter();
  const { bytes: first } = writer;
  first.i32(0);
  first.i32(header.correlationId);
  if (hasTags) first.unsignedVarint(0);
  write(writer);
  const { pieces, byteLength } = writer.finish();
  const [head] = pieces;
  if (head !== undefined) new DataView(head.buffer, head.byteOffset).setInt32(0, byteLength - 4);
  return pieces;
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
