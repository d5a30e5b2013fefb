/** One client: its first frame asks for a session, all others ask something under it. */
import type { Socket } from "node:net";
import { describeError } from "../../functions/http/log.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import {
  connectFrameBytesMax,
  connectWaitMsMax,
  endWaitMsMax,
  multiPartBytes,
  outstandingRequestsMax,
  unreadAnswerBytesMax,
  unreadAnswerBytesScarce,
  zookeeperFrameBytesMax,
} from "../../shared/limits/zookeeper-gateway.ts";
import { MalformedBytesError } from "../../shared/record/malformed-bytes-error.ts";
import { FrameError, FrameReader } from "../connections/frame-reader.ts";
import { answerFourLetterWord } from "./four-letter-words.ts";
import type { ConnectionFacts, Gateway, LastAnswer } from "./gateway.ts";
import { Outbox } from "./outbox.ts";
import { JuteReader } from "./protocol/jute-reader.ts";
import { operationNameOf, operations, type Request } from "./protocol/operations.ts";
import { connectRequest, connectResponse, requestHeader } from "./protocol/records.ts";
import type { ValueOf } from "./protocol/schema.ts";
import type { Asked } from "./asked.ts";
import { countRequest } from "./request-metrics.ts";
import { RequestLine } from "./request-line.ts";
import type { HeldSession, SessionHolder } from "./session-table.ts";
import { Traffic } from "./traffic.ts";

const wordBytes = 4;
const noPassword = new Uint8Array(16);

export class Connection implements SessionHolder, ConnectionFacts {
  readonly traffic = new Traffic();
  readonly #socket: Socket;
  readonly #gateway: Gateway;
  readonly #frames = new FrameReader();
  readonly #outbox: Outbox;
  /** Of a client that has not asked for a session, or does not read what it is told at the end. */
  #timer: NodeJS.Timeout;
  /** Wall clock. */
  readonly openedMs: number;
  /** What came before it is known whether it is a word or a frame. */
  #first: Buffer | undefined = Buffer.alloc(0);
  #session: HeldSession | undefined;
  #line: RequestLine | undefined;
  #isConnecting = false;
  #isEnding = false;
  /** The gateway takes nothing more; what was asked for is answered. */
  #isLast = false;
  #isPaused = false;
  readonly #onRoom = (): void => this.#goOn();

  constructor(socket: Socket, gateway: Gateway) {
    this.#socket = socket;
    this.#gateway = gateway;
    this.openedMs = gateway.clock.wallMs();
    const { budget, flusher } = gateway;
    this.#outbox = new Outbox({
      socket,
      holder: this,
      unsent: budget.answers,
      flusher,
      onDrain: () => this.#drained(),
    });
    this.#timer = setTimeout(() => this.close(), connectWaitMsMax);
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", () => this.close());
    socket.on("close", () => void this.#closed());
  }

  get session(): HeldSession | undefined {
    return this.#session;
  }

  get queued(): number {
    return this.#line?.length ?? 0;
  }

  get last(): LastAnswer | undefined {
    return this.#line?.last;
  }

  get address(): string {
    const { remoteAddress = "", remotePort = 0 } = this.#socket;
    return `${remoteAddress}:${remotePort}`;
  }

  /** At once; what was made and not sent is lost. */
  close(): void {
    this.#isEnding = true;
    this.#socket.destroy();
  }

  /** Sends what is to be sent and ends. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#outbox.flushAll();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), endWaitMsMax);
    this.#socket.end();
    this.#socket.destroySoon();
  }

  /** Takes nothing more, answers what was asked for, and ends when the client has read it. */
  finish(): void {
    if (this.#isEnding || this.#isLast) return;
    this.#isLast = true;
    this.#gateway.budget.forget(this.#onRoom);
    this.#gateway.budget.waiting.set(this, 0, true);
    // What the client still sends is read and dropped: closed upon that, it might lose what it has not read.
    this.#socket.resume();
    this.#endIfAnswered();
  }

  #endIfAnswered(): void {
    if (this.#isEnding || this.#isConnecting || (this.#line?.length ?? 0) > 0) return;
    this.#isEnding = true;
    this.#outbox.flushAll();
    this.#socket.end();
  }

  async leave(reason?: string): Promise<void> {
    const { address, session } = this;
    if (reason !== undefined && !this.#isEnding) {
      this.#gateway.log("INFO", "a connection was ended", { reason, address, sessionId: String(session?.sessionId) });
    }
    this.end();
    await this.#line?.end();
  }

  #receive(chunk: Buffer): void {
    if (this.#isEnding || this.#isLast) return;
    const first = this.#first;
    if (first === undefined) this.#frames.push(chunk);
    else {
      const bytes = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
      if (bytes.length < wordBytes) {
        this.#first = bytes;
        return;
      }
      this.#first = undefined;
      if (this.#hasAnsweredWord(bytes.toString("latin1", 0, wordBytes))) return;
      this.#frames.push(bytes);
    }
    this.#goOn();
  }

  #hasAnsweredWord(word: string): boolean {
    try {
      const answer = answerFourLetterWord(word, this.#gateway);
      if (answer === undefined) return false;
      this.#outbox.send(Buffer.from(answer));
      this.end();
    } catch (error) {
      // What there is to tell may be longer than any text can be.
      this.#gateway.log("ERROR", "a command of four letters failed", { word, cause: describeError(error) });
      this.close();
    }
    return true;
  }

  /** The client has read what it was sent: what waits for that comes first. */
  #drained(): void {
    this.#line?.goOn();
    this.#goOn();
  }

  #goOn(): void {
    if (this.#isLast) {
      this.#endIfAnswered();
      return;
    }
    let hasTaken = false;
    try {
      while (!this.#isEnding && !this.#isConnecting && !this.#mustWait()) {
        const frame = this.#frames.next(this.#line === undefined ? connectFrameBytesMax : zookeeperFrameBytesMax);
        if (frame === undefined) break;
        hasTaken = true;
        this.#take(frame);
      }
    } catch (error) {
      if (!(error instanceof FrameError) && !(error instanceof MalformedBytesError)) {
        this.#gateway.log("ERROR", "a connection failed", { cause: describeError(error) });
      }
      this.close();
      return;
    }
    if (this.#isEnding) return;
    // Who sends a frame bit by bit is not heard until it is whole.
    if (hasTaken && this.#session !== undefined) this.#gateway.sessions.heard(this.#session);
    this.#gateway.budget.waiting.set(this, this.#frames.waitingBytes, hasTaken);
    const isFull = this.#isConnecting || this.#mustWait();
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (isFull) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Whether enough is under way, or unread by the client. */
  #mustWait(): boolean {
    const { budget } = this.#gateway;
    if (budget.isSpent && (this.#line?.length ?? 0) > 0) {
      budget.onRoom(this.#onRoom);
      return true;
    }
    return (this.#line?.length ?? 0) >= outstandingRequestsMax || this.#isUnread;
  }

  get #isUnread(): boolean {
    const bytesMax = this.#gateway.budget.answers.isScarce ? unreadAnswerBytesScarce : unreadAnswerBytesMax;
    return this.#outbox.unsentBytes > bytesMax;
  }

  #take(frame: Uint8Array): void {
    const from = new JuteReader(frame);
    this.traffic.received += 1;
    this.#gateway.traffic.received += 1;
    if (this.#line === undefined) void this.#connect(connectRequest.read(from));
    else this.#line.ask(askedOf(from, frame.length, this.#gateway.clock.monotonicMs()));
  }

  async #connect(request: ValueOf<typeof connectRequest>): Promise<void> {
    this.#isConnecting = true;
    try {
      if (await this.#isAhead(request.lastZxidSeen)) {
        this.#gateway.log("WARN", "a client has seen more than there is", { lastZxidSeen: request.lastZxidSeen });
        this.close();
        return;
      }
      const session = await this.#sessionFor(request);
      if (this.#isEnding) {
        if (session !== undefined) this.#gateway.sessions.left(session, this);
        return;
      }
      this.#begin(request, session);
    } catch (error) {
      // The client tries again, here or elsewhere.
      if (!(error instanceof ServiceError)) {
        this.#gateway.log("ERROR", "a session could not be opened", { cause: describeError(error) });
      }
      this.close();
    } finally {
      this.#isConnecting = false;
      this.#goOn();
    }
  }

  /** A client must not be served by a tree that is older than what it has seen. */
  async #isAhead(lastZxidSeen: number): Promise<boolean> {
    const { follower } = this.#gateway;
    const tree = follower.view;
    if (tree !== undefined && lastZxidSeen <= tree.lastZxid) return false;
    return lastZxidSeen > (await follower.atLeast(lastZxidSeen)).lastZxid;
  }

  #sessionFor({ sessionId, passwd, timeOut }: ValueOf<typeof connectRequest>): Promise<HeldSession | undefined> {
    const { sessions } = this.#gateway;
    if (sessionId === 0n) return this.#createSession(timeOut);
    return sessions.resume({ sessionId, password: passwd ?? noPassword }, this);
  }

  async #createSession(askedMs: number): Promise<HeldSession> {
    const { sessions, clock, metrics } = this.#gateway;
    const begunMs = clock.monotonicMs();
    const tell = (error?: string): void => {
      countRequest(metrics, { request: "createSession", ms: clock.monotonicMs() - begunMs, error });
    };
    try {
      const session = await sessions.create(askedMs, this);
      tell();
      return session;
    } catch (error) {
      tell(error instanceof ServiceError ? error.code : "SYSTEM_ERROR");
      throw error;
    }
  }

  #begin({ readOnly }: ValueOf<typeof connectRequest>, session: HeldSession | undefined): void {
    clearTimeout(this.#timer);
    const to = this.#gateway.writer.begin();
    connectResponse.write(to, {
      protocolVersion: 0,
      timeOut: session?.timeoutMs ?? 0,
      sessionId: session?.sessionId ?? 0n,
      passwd: session?.password ?? noPassword,
      readOnly: readOnly === undefined ? undefined : false,
    });
    this.#send(to.end());
    if (session === undefined) {
      this.end();
      return;
    }
    this.#session = session;
    this.#line = new RequestLine({
      gateway: this.#gateway,
      session,
      // An access control list names IPv4 addresses as such, also where the port is open to both.
      address: (this.#socket.remoteAddress ?? "").replace(/^::ffff:(?=[0-9.]+$)/, ""),
      send: (frame) => this.#send(frame),
      traffic: this.traffic,
      isUnread: () => this.#isUnread,
      onAnswered: () => this.#afterAnswer(),
      fail: () => this.close(),
      finish: () => this.end(),
    });
  }

  #send(frame: Buffer): void {
    this.traffic.sent += 1;
    this.#gateway.traffic.sent += 1;
    this.#outbox.send(frame);
  }

  /** Frames that waited for room are looked at. */
  #afterAnswer(): void {
    if (this.#isPaused || this.#isLast) this.#goOn();
  }

  async #closed(): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    const { budget, sessions } = this.#gateway;
    budget.forget(this.#onRoom);
    budget.waiting.set(this, 0, true);
    this.#outbox.forget();
    if (this.#session !== undefined) sessions.left(this.#session, this);
    await this.#line?.end();
  }
}

/** @throws MalformedBytesError for a frame without a header */
function askedOf(from: JuteReader, bytes: number, atMs: number): Asked {
  const { xid, type } = requestHeader.read(from);
  const kind = operationNameOf(type);
  if (kind === undefined) return { xid, bytes, atMs, error: "UNIMPLEMENTED" };
  try {
    const request = { kind, body: operations[kind].request.read(from) } as Request;
    const parts = request.kind === "multi" || request.kind === "multiRead" ? request.body.length : 0;
    return { xid, bytes: bytes + parts * multiPartBytes, atMs, request };
  } catch (error) {
    if (!(error instanceof MalformedBytesError)) throw error;
    return { xid, bytes, atMs, error: "MARSHALLING_ERROR" };
  }
}
