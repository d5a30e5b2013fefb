/** A listener with APIs of the test's own, whose requests begin, wait and end as the test says. */
import { connect, type Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { Log } from "../../../functions/http/log.ts";
import { FetchBytes } from "../../../gateway/kafka/answer-room.ts";
import { FrameReader } from "../../../gateway/connections/frame-reader.ts";
import { type Gateway, entry } from "../../../gateway/kafka/handler.ts";
import { KafkaListener } from "../../../gateway/kafka/listener.ts";
import { alone } from "../../../gateway/kafka/placement.ts";
import { api } from "../../../gateway/kafka/protocol/api.ts";
import { apiVersions } from "../../../gateway/kafka/protocol/apis/api-versions.ts";
import { bytes, int32 } from "../../../gateway/kafka/protocol/types.ts";
import type { BudgetLimits } from "../../../gateway/connections/request-budget.ts";
import { GatewaySecurity, openSecurity } from "../../../gateway/kafka/security/gateway-security.ts";
import { TopicIds } from "../../../gateway/kafka/topic-ids.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";

/** A request with a number; its answer is `size` bytes long, when the test lets it go. */
const fields = { versions: [0, 0], request: { id: int32, size: int32, padding: bytes }, response: { answer: bytes } };
export const free = api({ ...fields, versions: [0, 0], key: 1_000, name: "Free" });
export const turns = api({ ...fields, versions: [0, 0], key: 1_001, name: "Turns" });
export const sent = api({ ...fields, versions: [0, 0], key: 1_002, name: "Sent" });

const answerBytesMax = 1 << 26;

interface Gate {
  readonly open: (failure?: Error) => void;
  readonly pass: () => void;
}

export interface ListenerBed extends AsyncDisposable {
  readonly port: number;
  readonly listener: KafkaListener;
  /** The ids of requests, in the order in which they began. */
  readonly begun: readonly number[];
  /** Requests that wait for the test; others are answered at once. */
  readonly held: Set<number>;
  readonly gates: ReadonlyMap<number, Gate>;
  /** What was written down. */
  readonly logged: readonly string[];
}

export async function listenerBed(
  options: { readonly tls?: TlsOptions; readonly limits?: BudgetLimits; readonly idleMs?: number } = {},
): Promise<ListenerBed> {
  const memory = createMemoryStorage();
  const { clock, random, timers } = memory.storage;
  const services = createServices(memory.storage);
  const begun: number[] = [];
  const held = new Set<number>();
  const gates = new Map<number, Gate>();
  const logged: string[] = [];
  const handle = async (
    { id, size }: { readonly id: number; readonly size: number },
    { signal, passTurn }: { readonly signal: AbortSignal; readonly passTurn: () => void },
  ): Promise<{ answer: Uint8Array }> => {
    begun.push(id);
    if (held.has(id)) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const open = (failure?: Error): void => (failure === undefined ? resolve() : reject(failure));
      gates.set(id, { open, pass: passTurn });
      signal.addEventListener("abort", () => resolve());
      await promise;
    }
    return { answer: new Uint8Array(size).fill(id) };
  };
  const entries = [entry(free, "free", handle), entry(turns, "turns", handle), entry(sent, "sent", handle)];
  const versions = entry(apiVersions, "free", () => ({ errorCode: 0, apiKeys: [] }));
  const log: Log = (_level, event, about) => void logged.push(`${event} ${JSON.stringify(about)}`);
  const gateway: Gateway = {
    services,
    namespace: "default",
    clusterId: "test",
    placement: alone({ nodeId: 1, host: "127.0.0.1", port: 0 }),
    topicIds: new TopicIds(services.topics, "default", clock),
    fetchBytes: new FetchBytes(),
    apis: new Map([...entries, versions].map((one) => [one.api.key, one])),
    security: new GatewaySecurity({ services, namespace: "default", timers }, clock, openSecurity),
    clock,
    random,
    timers,
    log,
    createsTopics: false,
  };
  const listening = { host: "127.0.0.1", port: 0, needsAuthentication: false, log, clock };
  const listener = await KafkaListener.open({ ...listening, ...options });
  listener.serve(gateway);
  const dispose = async (): Promise<void> => {
    for (const gate of gates.values()) gate.open();
    await listener.close();
    await memory.close();
  };
  return { port: listener.port, listener, begun, held, gates, logged, [Symbol.asyncDispose]: dispose };
}

/** The frame of a request: what it asks of `api`, padded to any length. */
export function request(key: number, id: number, { size = 1, padding = 0, tail = 0 } = {}): Buffer {
  const bytes = Buffer.alloc(26 + padding + tail);
  bytes.writeInt32BE(bytes.length - 4, 0);
  bytes.writeInt16BE(key, 4);
  bytes.writeInt16BE(0, 6);
  bytes.writeInt32BE(id, 8);
  bytes.writeInt16BE(-1, 12);
  bytes.writeInt32BE(id, 14);
  bytes.writeInt32BE(size, 18);
  bytes.writeInt32BE(padding, 22);
  return bytes;
}

/** A socket that is read only when the test asks for it. */
export class RawClient {
  readonly socket: Socket;
  readonly #frames = new FrameReader();
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake?.();
    });
    socket.on("end", () => {
      this.#isClosed = true;
      this.#wake?.();
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true }, resolve);
    await promise;
    return new RawClient(socket);
  }

  write(...frames: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The correlation ids of as many answers. @throws Error where the connection ends before */
  async answers(count: number): Promise<number[]> {
    this.#listen();
    const ids: number[] = [];
    while (ids.length < count) {
      const frame = this.#frames.next(answerBytesMax);
      if (frame !== undefined) ids.push(Buffer.from(frame.subarray(0, 4)).readInt32BE(0));
      else if (this.#isClosed) throw new Error(`closed after ${ids.length} of ${count} answers`);
      else await this.#more();
    }
    return ids;
  }

  /** Resolves when the other side has ended the connection; its answers are dropped. */
  async closed(): Promise<void> {
    this.#listen();
    while (!this.#isClosed) await this.#more();
    this.socket.destroy();
  }

  #listen(): void {
    if (this.socket.listenerCount("data") > 0) return;
    this.socket.on("data", (chunk) => {
      this.#frames.push(chunk);
      this.#wake?.();
    });
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }
}

/** Lets what was written arrive: waits until it is so. */
export async function until(isSo: () => boolean, whatMs = 15_000): Promise<void> {
  const endMs = performance.now() + whatMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error("it did not come to be");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
