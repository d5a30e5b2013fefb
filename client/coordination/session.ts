/** A session that keeps itself alive, and says when it no longer can. */
import type { SessionCredentials } from "../caller.ts";
import type { DigestAuth } from "../digest-auth.ts";
import type { Command, CommandSender, SendOptions } from "../command.ts";
import { CloseSessionCommand } from "../commands/close-session-command.ts";
import { CreateSessionCommand } from "../commands/create-session-command.ts";
import { HeartbeatCommand } from "../commands/heartbeat-command.ts";
import { isServiceException } from "../exceptions.ts";
import type { ResponseMetadata } from "../exceptions.ts";
import type { HintSource } from "../push/hint-source.ts";
import { type ClientTime, processTime } from "./time.ts";

/** Heartbeats in one timeout: two may be lost. */
const heartbeatsPerTimeout = 3;
/** After a heartbeat that failed, the next one comes this much sooner than it would otherwise. */
const retriesPerHeartbeat = 4;

export interface SessionOptions {
  /** Brought to what the service allows. Default 10,000. */
  readonly timeoutMs?: number;
  /** Default: the client's. */
  readonly namespace?: string;
  /** Default: the client's. */
  readonly auth?: readonly DigestAuth[];
  /** Takes up a session that another process has opened, in place of a new one. */
  readonly credentials?: SessionCredentials;
  readonly time?: ClientTime;
}

/** Why what was done under a session is no longer its own: the session has ended, or may have. */
export class SessionExpiredError extends Error {
  override readonly name = "SessionExpiredError";
  readonly sessionId: string;

  constructor(sessionId: string, reason: string, options?: ErrorOptions) {
    super(`session ${sessionId}: ${reason}`, options);
    this.sessionId = sessionId;
  }
}

export type SessionState = "open" | "expired" | "closed";

/**
 * Opened by `client.session()`. Heartbeats are sent at a third of the timeout. `signal` aborts when the service says that
 * the session has ended, and also when no heartbeat was answered within the timeout of its sending: the service may then
 * have ended it. What the session held is no longer to be relied on from that moment on.
 */
export class Session implements AsyncDisposable, CommandSender {
  readonly credentials: SessionCredentials;
  readonly timeoutMs: number;
  readonly namespace: string | undefined;
  readonly auth: readonly DigestAuth[] | undefined;
  readonly #client: CommandSender;
  readonly #time: ClientTime;
  readonly #ended = new AbortController();
  readonly #heart: Promise<void>;
  #state: SessionState = "open";
  /** When the last request was sent that proved the session open. */
  #provenMs: number;
  /** Why the last heartbeat was not answered. */
  #failure: unknown;
  #closing: Promise<void> | undefined;

  private constructor(
    client: CommandSender,
    options: SessionOptions,
    opened: SessionCredentials & { readonly timeoutMs: number },
    provenMs: number,
  ) {
    const { sessionId, password, timeoutMs } = opened;
    this.#client = client;
    this.#time = options.time ?? processTime;
    this.credentials = { sessionId, password };
    this.timeoutMs = timeoutMs;
    this.namespace = options.namespace;
    this.auth = options.auth;
    this.#provenMs = provenMs;
    this.#heart = this.#beat();
  }

  /** @throws StreamkeeperException; SESSION_EXPIRED for credentials whose session has ended */
  static async open(client: CommandSender, options: SessionOptions = {}): Promise<Session> {
    const { namespace, time = processTime } = options;
    let sentMs = time.nowMs();
    const opened = await openOrTakeUp(client, options);
    // It may have taken several attempts, of which the first says little of how long the session lives.
    if (time.nowMs() - sentMs > opened.timeoutMs / heartbeatsPerTimeout) {
      sentMs = time.nowMs();
      await client.send(new HeartbeatCommand({ namespace, session: opened }), { maxAttempts: 1 });
    }
    return new Session(client, options, opened, sentMs);
  }

  get id(): string {
    return this.credentials.sessionId;
  }

  get state(): SessionState {
    this.#look();
    return this.#state;
  }

  /** Aborts with a `SessionExpiredError` when the session has ended or may have; and when it is closed. */
  get signal(): AbortSignal {
    this.#look();
    return this.#ended.signal;
  }

  /** Who a command under this session is sent as: to be spread into its input. */
  get caller(): {
    readonly namespace: string | undefined;
    readonly session: SessionCredentials;
    readonly auth: readonly DigestAuth[] | undefined;
  } {
    return { namespace: this.namespace, session: this.credentials, auth: this.auth };
  }

  /** As of the client that it was opened with. */
  get push(): HintSource | undefined {
    return this.#client.push;
  }

  /** Sends a command; when the service says that the session has ended, the session knows. */
  async send<Input extends object, Output extends object>(
    command: Command<Input, Output>,
    options?: SendOptions,
  ): Promise<Output & { readonly $metadata: ResponseMetadata }> {
    try {
      return await this.#client.send(command, options);
    } catch (error) {
      if (isServiceException(error, "SESSION_EXPIRED")) this.#expire("the service has ended it", error);
      throw error;
    }
  }

  /** @throws SessionExpiredError if the session has ended or may have */
  requireOpen(): void {
    this.signal.throwIfAborted();
  }

  /** Ends the session, and with it its ephemerals. Closing one that has ended is no error. @throws StreamkeeperException */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    if (this.state !== "open") return;
    this.#state = "closed";
    this.#ended.abort(new SessionExpiredError(this.id, "it was closed"));
    await this.#heart;
    try {
      await this.#client.send(new CloseSessionCommand(this.caller));
    } catch (error) {
      if (!isServiceException(error, "SESSION_EXPIRED")) throw error;
    }
  }

  async #beat(): Promise<void> {
    const { signal } = this.#ended;
    const beatMs = this.timeoutMs / heartbeatsPerTimeout;
    let nextMs = this.#provenMs + beatMs;
    while (!signal.aborted) {
      const waitMs = Math.min(nextMs - this.#time.nowMs(), this.#leftMs());
      await this.#time.sleep(Math.max(0, waitMs), signal);
      this.#look();
      if (signal.aborted) return;
      const sentMs = this.#time.nowMs();
      const isAnswered = await this.#beatOnce(sentMs, beatMs);
      nextMs = isAnswered ? sentMs + beatMs : this.#time.nowMs() + beatMs / retriesPerHeartbeat;
    }
  }

  /** Given up early enough to be sent again: a connection may be dead without a word. */
  async #beatOnce(sentMs: number, beatMs: number): Promise<boolean> {
    const requestTimeoutMs = Math.max(1, Math.ceil(Math.min(beatMs, this.#leftMs())));
    const options = { requestTimeoutMs, maxAttempts: 1, abortSignal: this.#ended.signal };
    try {
      await this.send(new HeartbeatCommand(this.caller), options);
      this.#provenMs = sentMs;
      return true;
    } catch (error) {
      // Whatever it was (the service, the network, credentials to sign with), it is tried again while the session may be open.
      this.#failure = error;
      return false;
    }
  }

  /** A process that stood still may look before its timer does. */
  #look(): void {
    if (this.#leftMs() <= 0) this.#expire("no heartbeat was answered within its timeout", this.#failure);
  }

  /** Until the service may have ended the session. */
  #leftMs(): number {
    return this.#provenMs + this.timeoutMs - this.#time.nowMs();
  }

  #expire(reason: string, cause: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "expired";
    this.#ended.abort(new SessionExpiredError(this.id, reason, cause === undefined ? undefined : { cause }));
  }
}

async function openOrTakeUp(
  client: CommandSender,
  { credentials, namespace, timeoutMs }: SessionOptions,
): Promise<SessionCredentials & { readonly timeoutMs: number }> {
  if (credentials === undefined) return await client.send(new CreateSessionCommand({ namespace, timeoutMs }));
  const known = await client.send(new HeartbeatCommand({ namespace, session: credentials }));
  return { ...credentials, timeoutMs: known.timeoutMs };
}
