/** The real handlers of the Kafka gateway over the memory store; time is the store's. */
import { FetchBytes } from "../../../gateway/kafka/answer-room.ts";
import { servedApis } from "../../../gateway/kafka/api-list.ts";
import { Connection } from "../../../gateway/kafka/connection.ts";
import { FrameReader } from "../../../gateway/connections/frame-reader.ts";
import type { ApiEntry, Gateway } from "../../../gateway/kafka/handler.ts";
import { alone } from "../../../gateway/kafka/placement.ts";
import type { Api } from "../../../gateway/kafka/protocol/api.ts";
import { apiVersions } from "../../../gateway/kafka/protocol/apis/api-versions.ts";
import { FrameWriter } from "../../../gateway/kafka/protocol/frame-writer.ts";
import { skipTagged, writeRequestHeader } from "../../../gateway/kafka/protocol/header.ts";
import { MessageReader } from "../../../gateway/kafka/protocol/message-reader.ts";
import { RequestBudget } from "../../../gateway/connections/request-budget.ts";
import { GatewaySecurity, openSecurity } from "../../../gateway/kafka/security/gateway-security.ts";
import { TopicIds } from "../../../gateway/kafka/topic-ids.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { noDelays } from "../../../shared/storage/memory/faults.ts";
import { SimulatedStore } from "../../../shared/storage/memory/simulated-store.ts";
import { FuzzFailure } from "../target.ts";
import { FuzzSocket } from "./fuzz-socket.ts";

/** What one connection sends: frames that may be none, and where they are cut into chunks. */
export interface Sending {
  readonly chunks: readonly Uint8Array[];
  /** Whether the client ends its half at once, or waits for what comes. */
  readonly endsAtOnce: boolean;
}

export interface Answered {
  /** Frames of answers, without their lengths. */
  readonly frames: readonly Uint8Array[];
  /** Whether the gateway closed the connection before its client had ended it. */
  readonly isClosed: boolean;
}

const namespace = "default";
const answerBytesMax = 1 << 26;
/** Longer than any request may wait. */
const waitMsMax = 30 * 60_000;
/** What is under way ends when its client does. */
const endMsMax = 60_000;

export class KafkaWorld {
  readonly #store: SimulatedStore;
  #gateway: Gateway;
  #budget: RequestBudget;
  #problem: string | undefined;

  constructor(seed: number) {
    this.#store = new SimulatedStore({ seed, delays: noDelays });
    this.#gateway = this.#openGateway();
    this.#budget = new RequestBudget(() => this.#store.time.nowMs);
  }

  /** Another gateway over the same store: it knows only what is stored. */
  restart(): void {
    this.#gateway = this.#openGateway();
    this.#budget = new RequestBudget(() => this.#store.time.nowMs);
  }

  /** @throws FuzzFailure if the gateway fails over it, waits for too long or still holds something afterwards */
  async exchange(sendings: readonly Sending[]): Promise<Answered[]> {
    const answers = await this.#store.time.run(() =>
      Promise.all(sendings.map((sending) => this.#exchangeOne(sending))),
    );
    if (this.#problem !== undefined) throw new FuzzFailure(this.#problem);
    return answers;
  }

  /** Nothing is held for connections that are gone. @throws FuzzFailure */
  async checkReleased(): Promise<void> {
    await this.#store.time.advance(endMsMax);
    const { waiting, answers, bytes } = this.#budget;
    if (waiting.bytes + answers.bytes + bytes === 0) return;
    throw new FuzzFailure(`held: ${waiting.bytes} of frames, ${bytes} of requests, ${answers.bytes} of answers`);
  }

  /** A well-formed request, which must be answered. @throws FuzzFailure */
  async ask(api: Api, version: number, request: object): Promise<Record<string, unknown>> {
    const [answer] = await this.exchange([{ chunks: [frameOf(api, version, 1, request)], endsAtOnce: false }]);
    const [frame] = answer?.frames ?? [];
    if (frame === undefined) throw new FuzzFailure(`${api.name} v${version} is not answered`);
    return readAnswer(api, version, frame);
  }

  async #exchangeOne({ chunks, endsAtOnce }: Sending): Promise<Answered> {
    const { time } = this.#store;
    const { timers } = this.#gateway;
    const socket = new FuzzSocket();
    const connection = new Connection(socket.asSocket, {
      gateway: this.#gateway,
      budget: this.#budget,
      needsAuthentication: false,
      idleMs: 0,
    });
    for (const chunk of chunks) {
      socket.send(chunk);
      await Promise.resolve();
    }
    if (!endsAtOnce) await this.#settled(socket);
    const isClosed = socket.isOver;
    const endedAtMs = time.nowMs;
    socket.sendEnd();
    const late = new AbortController();
    const tooLate = timers.sleep(endMsMax, late.signal).then(
      () => true,
      () => false,
    );
    if (await Promise.race([tooLate, socket.until(() => socket.isOver).then(() => false)])) {
      throw new FuzzFailure(`still under way ${time.nowMs - endedAtMs} ms after its client has gone`);
    }
    late.abort();
    connection.close();
    await Promise.resolve();
    return { frames: framesOf(socket.written), isClosed };
  }

  /** Until there is nothing to wait for, or it has lasted longer than anything may. */
  async #settled(socket: FuzzSocket): Promise<void> {
    const { timers } = this.#gateway;
    for (let waitedMs = 0, written = -1; waitedMs < waitMsMax; waitedMs += 50_000) {
      const over = new AbortController();
      const wait = timers.sleep(50_000, over.signal).catch(() => undefined);
      await Promise.race([wait, socket.until(() => socket.isOver)]);
      over.abort();
      if (socket.isOver || socket.written.length === written) return;
      written = socket.written.length;
    }
  }

  #openGateway(): Gateway {
    const { storage } = this.#store.process();
    const services = createServices(storage);
    const { clock, random, timers } = storage;
    return {
      services,
      namespace,
      clusterId: "fuzz",
      placement: alone({ nodeId: 1, host: "127.0.0.1", port: 9092 }),
      topicIds: new TopicIds(services.topics, namespace, clock),
      fetchBytes: new FetchBytes(),
      apis: servedApis,
      security: new GatewaySecurity({ services, namespace, timers }, clock, openSecurity),
      clock,
      random,
      timers,
      createsTopics: true,
      log: (level, event, fields) => {
        if (level === "ERROR") this.#problem ??= `${event}: ${String(fields["cause"])}`;
      },
    };
  }
}

/** The frame of a request. */
export function frameOf(api: Api, version: number, correlationId: number, request: object): Uint8Array {
  const writer = new FrameWriter();
  writer.bytes.i32(0);
  const header = { apiKey: api.key, apiVersion: version, correlationId, clientId: "fuzz" };
  writeRequestHeader(writer, header, api.isFlexible(version));
  api.writeRequest(version, writer, request as Readonly<Record<string, unknown>>);
  const frame = Buffer.concat(writer.finish().pieces);
  frame.writeInt32BE(frame.length - 4, 0);
  return frame;
}

/** @throws FuzzFailure for an answer that no client could read */
export function readAnswer(api: Api, version: number, frame: Uint8Array): Record<string, unknown> {
  try {
    const reader = new MessageReader(frame);
    reader.i32();
    if (api.isFlexible(version) && api.key !== apiVersions.key) skipTagged(reader);
    const answer = api.readResponse(version, reader);
    reader.expectEnd();
    return answer;
  } catch (cause) {
    throw new FuzzFailure(`the answer of ${api.name} v${version} is not one`, { cause });
  }
}

export function servedApi(key: number): ApiEntry | undefined {
  return servedApis.get(key);
}

function framesOf(pieces: readonly Uint8Array[]): Uint8Array[] {
  const reader = new FrameReader();
  for (const piece of pieces) reader.push(piece);
  const frames: Uint8Array[] = [];
  for (let frame = reader.next(answerBytesMax); frame !== undefined; frame = reader.next(answerBytesMax)) {
    frames.push(frame);
  }
  if (reader.waitingBytes > 0) throw new FuzzFailure("an answer ends too early");
  return frames;
}
