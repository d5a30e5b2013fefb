/** Kafka's protocol: its requests, and the gateway that serves them. */
import { servedApis } from "../../../gateway/kafka/api-list.ts";
import type { Api } from "../../../gateway/kafka/protocol/api.ts";
import { apiVersions } from "../../../gateway/kafka/protocol/apis/api-versions.ts";
import { fetch } from "../../../gateway/kafka/protocol/apis/fetch.ts";
import { metadata } from "../../../gateway/kafka/protocol/apis/metadata.ts";
import { readRequestHeader, skipTagged } from "../../../gateway/kafka/protocol/header.ts";
import { MessageReader } from "../../../gateway/kafka/protocol/message-reader.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { decodeMessage, encodable, encodeMessage, kafkaMessages } from "../../gateway/kafka/protocol/kafka-messages.ts";
import { FuzzRandom } from "../fuzz-random.ts";
import { anyRequest, type Words } from "../kafka/any-request.ts";
import { type Answered, frameOf, KafkaWorld, readAnswer, type Sending } from "../kafka/world.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import { smallerList } from "../shrink.ts";
import { bytesTarget, type FuzzCase, sameAgain, type Tally, type Target } from "../target.ts";

const framesPerCase = 40;
const framesReadPerCase = 24;
const framesPerConnection = 3;
const connectionsMax = 4;
const wordsMax = 60;
const caseMsMax = 8_000;

const apis: readonly Api[] = [...servedApis.values()].map(({ api }) => api);
/** Requests of all APIs and versions as Kafka's own classes write them, each behind its header. */
const kafkaRequests: readonly Uint8Array[] = apis.flatMap((api) =>
  kafkaMessages(api.name)
    .filter(({ kind, version }) => kind === "request" && version >= api.versions[0] && version <= api.versions[1])
    .map(({ version, bytes }) => {
      const empty = frameOf(api, version, 1, {});
      const headBytes = empty.length - bytesOfEmpty(api, version);
      return new Uint8Array(Buffer.concat([empty.subarray(4, headBytes), bytes]));
    }),
);

function bytesOfEmpty(api: Api, version: number): number {
  return encodeMessage(api, "request", version, {}).length;
}

/** Reads a request as a connection does. @throws MalformedBytesError */
function readRequest(bytes: Uint8Array): void {
  const reader = new MessageReader(bytes);
  const { apiKey, apiVersion } = readRequestHeader(reader);
  const api = apis.find(({ key }) => key === apiKey);
  if (api === undefined || apiVersion < api.versions[0] || apiVersion > api.versions[1]) {
    throw new MalformedBytesError("no API");
  }
  if (api.isFlexible(apiVersion)) skipTagged(reader);
  const encode = (value: object): Uint8Array =>
    encodeMessage(api, "request", apiVersion, encodable(api.request, value));
  const decode = (encoded: Uint8Array): object =>
    decodeMessage(api, { kind: "request", version: apiVersion, bytes: encoded }) as object;
  // What is not UTF-8 grows when it is read, and what is too long then is cut once.
  sameAgain(decode(encode(api.readRequest(apiVersion, reader))), encode, decode);
}

/** One frame of a case: what it is, and its bytes. */
interface Frame {
  readonly api: Api;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** So that what comes after finds something. */
const topics = [
  { name: "orders", numPartitions: 2, replicationFactor: 1 },
  { name: "dead", numPartitions: 1, replicationFactor: 1 },
];

class Run {
  readonly #world: KafkaWorld;
  readonly #random: FuzzRandom;
  readonly #texts = new Set<string>();
  readonly #numbers = new Set<number>();
  #accepted = 0;
  #declined = 0;

  constructor(random: FuzzRandom) {
    this.#random = random;
    this.#world = new KafkaWorld(random.uint32());
  }

  get tally(): Tally {
    return { accepted: this.#accepted, declined: this.#declined };
  }

  get words(): Words {
    return { texts: [...this.#texts], numbers: [...this.#numbers] };
  }

  async begin(): Promise<void> {
    const create = apis.find(({ name }) => name === "CreateTopics");
    if (create !== undefined) await this.#world.ask(create, 2, { topics, timeoutMs: 1_000 });
    else await this.#world.ask(metadata, 4, { topics: topics.map(({ name }) => ({ name })) });
  }

  /** Some connections at the same time. @throws FuzzFailure */
  async send(frames: readonly Frame[]): Promise<void> {
    const random = this.#random;
    const groups = Array.from({ length: Math.ceil(frames.length / framesPerConnection) }, (_, index) =>
      frames.slice(index * framesPerConnection, (index + 1) * framesPerConnection),
    );
    const sendings = groups.map((group): Sending => ({
      chunks: cut(random, Buffer.concat(group.map(({ bytes }) => bytes))),
      endsAtOnce: random.chance(0.5),
    }));
    const answers = await this.#world.exchange(sendings);
    for (const [index, answer] of answers.entries()) this.#judge(groups[index] ?? [], answer);
  }

  /** A connection that does nothing wrong is answered. @throws FuzzFailure */
  async lookAround(): Promise<void> {
    if (this.#random.chance(0.3)) this.#world.restart();
    await this.#world.ask(apiVersions, 3, { clientSoftwareName: "fuzz", clientSoftwareVersion: "1" });
    await this.#world.ask(metadata, 9, { topics: [{ name: "orders" }] });
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }];
    await this.#world.ask(fetch, 11, { maxWaitMs: 10, minBytes: 1, topics: [{ topic: "orders", partitions }] });
    await this.#world.checkReleased();
  }

  #judge(group: readonly Frame[], { frames, isClosed }: Answered): void {
    this.#accepted += frames.length;
    if (isClosed) this.#declined += 1;
    for (const frame of frames) {
      const correlationId = new MessageReader(frame).i32();
      const asked = group[correlationId];
      // A frame that was damaged may be of another API, or another request.
      if (asked === undefined || new MessageReader(asked.bytes.subarray(4)).i16() !== asked.api.key) continue;
      try {
        this.#learn(readAnswer(asked.api, asked.version, frame), 0);
      } catch (error) {
        // One that was damaged may have the number of another.
        if (group.every(isIntact)) throw error;
      }
    }
  }

  #learn(value: unknown, depth: number): void {
    if (typeof value === "string" && value.length < 100 && value !== "") keep(this.#texts, value);
    else if (typeof value === "number") keep(this.#numbers, value);
    else if (typeof value === "bigint" && value >= 0n && value < 1n << 53n) keep(this.#numbers, Number(value));
    else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array) && depth < 8) {
      for (const part of Object.values(value).slice(0, 5)) this.#learn(part, depth + 1);
    }
  }
}

function keep<Value>(words: Set<Value>, value: Value): void {
  words.add(value);
  const [oldest] = words;
  if (words.size > wordsMax && oldest !== undefined) words.delete(oldest);
}

const intact = new WeakSet<Frame>();
function isIntact(frame: Frame): boolean {
  return intact.has(frame);
}

function anyFrame(random: FuzzRandom, words: Words, correlationId: number): Frame {
  const api = random.pick(apis);
  const version = random.between(api.versions[0], api.versions[1]);
  const request = anyRequest(random, api.request, { version, isFlexible: api.isFlexible(version) }, words);
  const bytes = frameOf(api, version, correlationId, request);
  if (random.chance(0.4)) {
    const frame = { api, version, bytes };
    intact.add(frame);
    return frame;
  }
  if (random.chance(0.05)) return { api, version, bytes: mutateBytes(random, bytes, kafkaRequests) };
  const mutated = Buffer.concat([bytes.subarray(0, 12), mutateBytes(random, bytes.subarray(12), kafkaRequests)]);
  mutated.writeInt32BE(mutated.length - 4, 0);
  return { api, version, bytes: mutated };
}

function cut(random: FuzzRandom, bytes: Uint8Array): Uint8Array[] {
  const size = random.pick([bytes.length, bytes.length, 1_000, random.between(1, 100)]);
  const count = Math.min(Math.ceil(bytes.length / Math.max(size, 1)), 200);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * size, index === count - 1 ? bytes.length : (index + 1) * size),
  );
}

function gatewayCase(seed: number, index: number, given?: readonly (readonly Frame[])[]): FuzzCase {
  const sent: (readonly Frame[])[] = [];
  const run = async (): Promise<Tally> => {
    sent.length = 0;
    const random = new FuzzRandom("kafka.gateway", seed, index);
    const one = new Run(random);
    await one.begin();
    const send = async (frames: readonly Frame[]): Promise<void> => {
      sent.push(frames);
      await one.send(frames);
    };
    if (given === undefined) {
      for (let count = 0; count < framesPerCase;) {
        const length = random.between(1, framesPerConnection * connectionsMax);
        const frames = Array.from({ length }, (_, at) => anyFrame(random, one.words, at % framesPerConnection));
        await send(frames);
        count += length;
      }
    } else for (const frames of given) await send(frames);
    await one.lookAround();
    return one.tally;
  };
  return {
    run,
    smaller: () => smallerCases(seed, index, [...(given ?? sent)]),
    show: () => (given ?? sent).map((frames) => frames.map(shown).join("\n")).join("\n--\n"),
  };
}

function* smallerCases(seed: number, index: number, given: readonly (readonly Frame[])[]): Generator<FuzzCase> {
  const lists = smallerList(given, (frames) => smallerList(frames, () => []));
  for (const smaller of lists) {
    if (smaller.every(({ length }) => length > 0)) yield gatewayCase(seed, index, smaller);
  }
}

function shown({ api, version, bytes }: Frame): string {
  return `${api.name} v${version} ${Buffer.from(bytes).toString("hex")}`;
}

export const kafkaTargets: readonly Target[] = [
  bytesTarget({
    name: "kafka.requests",
    covers: ["gateway/kafka/protocol/header.ts#readRequestHeader"],
    declared: [MalformedBytesError],
    sample: (random) => {
      if (random.chance(0.5)) return random.pick(kafkaRequests);
      const { bytes } = anyFrame(random, { texts: [], numbers: [] }, 1);
      return Uint8Array.from(bytes.subarray(4));
    },
    read: readRequest,
  }),
  {
    name: "kafka.gateway",
    covers: ["gateway/kafka/connection.ts#Connection", "gateway/connections/frame-reader.ts#FrameReader"],
    // A connection that is closed has not read all of its frames.
    inputsPerCase: framesReadPerCase,
    cost: 10,
    caseMsMax,
    open: (seed) => (index) => gatewayCase(seed, index),
  },
];
