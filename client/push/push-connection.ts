/** One connection for hints, opened again whenever it is lost. */
import type { Hint } from "../../shared/api/push-messages.ts";
import type { ClientTime } from "../coordination/time.ts";
import type { OpenPushSocket, PushSocket } from "./push-socket.ts";

/** Time for the handshake, and for the answer to a ping; then the other end counts as gone. */
const answerMsMax = 15_000;
/** API Gateway ends a connection that was silent for ten minutes. */
const pingMs = 240_000;
/** All clients of a service lose their connections at once when it is deployed; they come back one after the other. */
const returnMsMax = 5_000;
const retryMsBase = 1_000;
/** Where nobody answers, or it is not allowed, clients go on polling. */
const retryMsMax = 300_000;

export interface PushConnectionOptions {
  readonly open: OpenPushSocket;
  /** Where to, with a signature that is new. */
  readonly url: () => Promise<string>;
  readonly time: ClientTime;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Nothing of these may throw. */
  readonly onOpen: (connectionId: string) => void;
  readonly onHints: (hints: readonly Hint[]) => void;
  readonly onLost: () => void;
}

export class PushConnection {
  readonly #options: PushConnectionOptions;
  readonly #ended = new AbortController();
  #socket: PushSocket | undefined;
  #connectionId: string | undefined;

  constructor(options: PushConnectionOptions) {
    this.#options = options;
    void this.#run();
  }

  /** Undefined while it is not open. */
  get connectionId(): string | undefined {
    return this.#connectionId;
  }

  /** Says something, if it is open. */
  say(message: object): void {
    if (this.#connectionId !== undefined) this.#socket?.send(JSON.stringify(message));
  }

  /** Closes this connection, and opens another one after a while. */
  renew(): void {
    this.#socket?.close();
  }

  end(): void {
    this.#ended.abort(new Error("the connection is not needed any more"));
  }

  async #run(): Promise<void> {
    const { time, random } = this.#options;
    const { signal } = this.#ended;
    for (let failures = 0; !signal.aborted;) {
      failures = (await this.#connect()) ? 0 : failures + 1;
      const mostMs = failures === 0 ? returnMsMax : Math.min(retryMsMax, retryMsBase * 2 ** failures);
      if (!signal.aborted) await time.sleep(mostMs * (0.2 + 0.8 * random()), signal);
    }
  }

  /** Resolves when it is lost; true if it was open before. */
  async #connect(): Promise<boolean> {
    const { open, url, time, onOpen, onLost } = this.#options;
    const closed = new AbortController();
    const end = (): void => {
      this.#socket?.close();
      closed.abort();
    };
    // Aborts at each message.
    let heard = new AbortController();
    let wasOpen = false;
    const receive = (text: string): void => {
      heard.abort();
      heard = new AbortController();
      const connectionId = this.#receive(text);
      if (connectionId === undefined || wasOpen || closed.signal.aborted) return;
      wasOpen = true;
      this.#connectionId = connectionId;
      onOpen(connectionId);
    };
    this.#ended.signal.addEventListener("abort", end, { once: true });
    try {
      const target = await url();
      if (this.#ended.signal.aborted) return false;
      this.#socket = open(target, {
        opened: () => this.#socket?.send(JSON.stringify({ action: "connection" })),
        received: receive,
        closed: () => closed.abort(),
      });
      await time.sleep(answerMsMax, AbortSignal.any([heard.signal, closed.signal]));
      if (wasOpen) await this.#stay(closed.signal, () => heard.signal);
    } catch {
      // No URL, no signature or no socket: as if nobody had answered.
    } finally {
      this.#ended.signal.removeEventListener("abort", end);
      end();
      this.#socket = undefined;
      this.#connectionId = undefined;
      if (wasOpen) onLost();
    }
    return wasOpen;
  }

  /** Resolves when it is closed, or nothing is heard any more. @param heard aborts at the next message */
  async #stay(closed: AbortSignal, heard: () => AbortSignal): Promise<void> {
    const { time, random } = this.#options;
    while (!closed.aborted) {
      await time.sleep(pingMs * (0.8 + 0.2 * random()), closed);
      if (closed.aborted) return;
      const answer = heard();
      this.say({ action: "ping" });
      await time.sleep(answerMsMax, AbortSignal.any([answer, closed]));
      if (!answer.aborted) return;
    }
  }

  /** The connection's id where that is what the message tells. What cannot be understood is passed over. */
  #receive(text: string): string | undefined {
    const message = parsed(text);
    if (message["type"] === "connection") {
      const { connectionId } = message;
      return typeof connectionId === "string" ? connectionId : undefined;
    }
    if (message["type"] === "hints" && Array.isArray(message["hints"])) {
      this.#options.onHints(message["hints"].filter((hint) => isHint(hint)));
    }
    return undefined;
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function isHint(value: unknown): value is Hint {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  return value.type === "partition" || value.type === "path";
}
