/** One client's connection: reads requests, lets them run beside each other, and answers in their order. */
import type { Socket } from "node:net";
import { describeError } from "../../functions/http/log.ts";
import {
  connectionRequestBytesMax,
  connectionRequestsMax,
  kafkaPlainRequestBytesMax,
  kafkaRequestBytesMax,
  kafkaSmallRequestBytesMax,
  kafkaUnauthenticatedRequestBytesMax,
} from "../../shared/limits/kafka-gateway.ts";
import { authenticationMsMax } from "../../shared/limits/kafka-security.ts";
import { MalformedBytesError } from "../../shared/record/malformed-bytes-error.ts";
import { AnswerQueue, type Frame, type Work } from "./answer-queue.ts";
import { FrameError, FrameReader } from "../connections/frame-reader.ts";
import type { ApiEntry, Gateway, Peer } from "./handler.ts";
import { unsupportedApiVersions } from "./handlers/api-versions.ts";
import { authenticate } from "./handlers/sasl-authenticate.ts";
import type { Holder } from "../connections/held-bytes.ts";
import { Lanes, type Turn } from "./lanes.ts";
import { observed } from "./observed.ts";
import type { Api, RequestOf } from "./protocol/api.ts";
import { apiVersions } from "./protocol/apis/api-versions.ts";
import { produce } from "./protocol/apis/produce.ts";
import { FrameWriter } from "./protocol/frame-writer.ts";
import { readRequestHeader, type RequestHeader, skipTagged } from "./protocol/header.ts";
import { MessageReader } from "./protocol/message-reader.ts";
import type { RequestBudget } from "../connections/request-budget.ts";
import { frameOf } from "./response-frame.ts";

export interface ConnectionOptions {
  readonly gateway: Gateway;
  readonly budget: RequestBudget;
  /** Whether a client must say who it is before anything else. */
  readonly needsAuthentication: boolean;
  readonly idleMs: number;
}

/** Not asked yet, or for what needs no authentication. */
const anonymous = "User:ANONYMOUS";
const apisBeforeAuthentication: ReadonlySet<number> = new Set([17, 18, 36]);

export class Connection implements Holder {
  readonly #socket: Socket;
  readonly #gateway: Gateway;
  readonly #budget: RequestBudget;
  readonly #peer: Peer;
  readonly #frames = new FrameReader();
  readonly #lanes = new Lanes();
  readonly #gone = new AbortController();
  readonly #answers: AnswerQueue;
  readonly #onRoom = (): void => this.#advance();
  #bytesUnderWay = 0;
  /** The client sends nothing more; what it has sent is answered. */
  #isInputOver = false;
  /** The gateway takes nothing more; what is under way is answered. */
  #isEnding = false;
  /** As soon as all is answered, whatever the client does. */
  #isRefused = false;
  #isAdvancing = false;
  #muted: NodeJS.Timeout | undefined;

  constructor(socket: Socket, { gateway, budget, needsAuthentication, idleMs }: ConnectionOptions) {
    this.#socket = socket;
    this.#gateway = gateway;
    this.#budget = budget;
    const host = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    this.#peer = { principal: anonymous, host, isAuthenticated: !needsAuthentication, sendsTokens: false };
    this.#answers = new AnswerQueue({
      socket,
      holder: this,
      unsent: budget.answers,
      onDone: (work) => this.#release(work),
      onFailure: (error) => this.#fail("request failed", error),
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.setTimeout(idleMs);
    socket.on("timeout", () => this.#idle());
    socket.on("data", (chunk) => this.#read(chunk));
    // Its end is told by `close`; what went wrong with a client's connection is nothing to write down.
    socket.on("error", () => this.close());
    socket.on("end", () => this.#endInput());
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

  /** Takes nothing more, answers what is under way, and ends. Waits of requests end at once. */
  end(): void {
    this.#isEnding = true;
    this.#gone.abort();
    this.#budget.waiting.set(this, 0, true);
    // What the client still sends is read and dropped, so that its end is seen.
    this.#socket.resume();
    this.#endIfDone();
  }

  #endInput(): void {
    this.#isInputOver = true;
    this.#gone.abort();
    this.#advance();
  }

  #endIfDone(): void {
    if (!this.#isEnding && !this.#isInputOver) return;
    if (this.#answers.length > 0) return;
    if (this.#isRefused) this.#socket.destroySoon();
    else this.#socket.end();
  }

  /** Reads nothing more, sends the answers, and ends. */
  #refuse(): void {
    this.#isRefused = true;
    this.end();
  }

  #mute(ms: number): void {
    clearTimeout(this.#muted);
    this.#muted = setTimeout(() => {
      this.#muted = undefined;
      this.#advance();
    }, ms);
    this.#advance();
  }

  #forget(): void {
    this.#gone.abort();
    this.#isEnding = true;
    clearTimeout(this.#muted);
    this.#budget.forget(this.#onRoom);
    this.#budget.waiting.set(this, 0, true);
    this.#answers.forget();
  }

  /** A request may take longer than a connection may be idle; a client that does not read its answer is idle. */
  #idle(): void {
    if (this.#answers.length === 0 || this.#answers.isStalled) this.close();
  }

  #read(chunk: Uint8Array): void {
    if (this.#isEnding) return;
    this.#frames.push(chunk);
    this.#advance();
  }

  /** Begins the requests that are there, as many as may be under way; reads on when there may be more. */
  #advance(): void {
    if (this.#isEnding || this.#isAdvancing || this.#socket.destroyed) return;
    this.#isAdvancing = true;
    let isFull = false;
    let hasBegun = false;
    try {
      for (;;) {
        isFull = this.#isFull();
        const frame = isFull ? undefined : this.#frames.next(this.#frameBytesMax());
        if (frame === undefined) break;
        hasBegun = true;
        this.#begin(frame);
      }
    } catch (error) {
      this.#fail("connection failed", error);
      return;
    } finally {
      this.#isAdvancing = false;
    }
    this.#budget.waiting.set(this, this.#frames.waitingBytes, hasBegun);
    if (this.#budget.isSpent) this.#budget.onRoom(this.#onRoom);
    if (!isFull) {
      this.#socket.resume();
      this.#endIfDone();
    } else this.#socket.pause();
  }

  #isFull(): boolean {
    const { length, isStalled } = this.#answers;
    if (this.#muted !== undefined) return true;
    // One at a time before its sender is known: what comes next may depend on that.
    if (length >= (this.#peer.isAuthenticated ? connectionRequestsMax : 1)) return true;
    if (isStalled || this.#bytesUnderWay >= connectionRequestBytesMax) return true;
    if (!this.#budget.isSpent) return false;
    return length > 0 || (this.#frames.nextLength(this.#frameBytesMax()) ?? 0) > kafkaSmallRequestBytesMax;
  }

  #frameBytesMax(): number {
    return this.#peer.isAuthenticated ? kafkaRequestBytesMax : kafkaUnauthenticatedRequestBytesMax;
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
    if (frame.length > kafkaPlainRequestBytesMax && known.api.key !== produce.key) {
      throw new MalformedBytesError(`${known.api.name} of ${frame.length} bytes`);
    }
    const turn = this.#lanes.take(known.lane);
    this.#start(this.#answer(known, header, reader, turn), turn, frame.length);
  }

  #start(frame: Promise<Frame>, turn: Turn, bytes: number): void {
    this.#bytesUnderWay += bytes;
    this.#budget.take(bytes);
    this.#answers.add({ frame, turn, bytes });
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
    // What follows the request is let be, as Kafka does.
    const request = api.readRequest(apiVersion, reader);
    return this.#handle(known, header, request, turn);
  }

  async #handle(known: ApiEntry, header: RequestHeader, request: RequestOf<Api>, turn: Turn): Promise<Frame> {
    const { api, handle, lane } = known;
    const { apiVersion, clientId } = header;
    await turn.begins;
    if (lane === "sent") await this.#budget.answers.room(this.#gone.signal);
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

  /** What a client sends may be anything, and is nothing to write down; a request that fails without an answer is a bug. */
  #fail(what: string, error: unknown): void {
    if (!(error instanceof FrameError || error instanceof MalformedBytesError)) {
      this.#gateway.log("ERROR", what, { cause: describeError(error) });
    }
    this.close();
  }

  #release({ bytes }: Work): void {
    this.#bytesUnderWay -= bytes;
    this.#budget.give(bytes);
    this.#advance();
    this.#endIfDone();
  }
}
