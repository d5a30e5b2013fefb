/** Producers that number what they send, and what must hold of what is found afterwards. */
import type { Consumer, Kafka, Producer } from "kafkajs";
import type { Producer as PlatformaticProducer } from "@platformatic/kafka";

/** What one producer of one partition was told, in order. */
export class Acknowledged {
  readonly producer: string;
  readonly partition: number;
  /** Numbers up to this one, from 0 on, were sent. */
  sent = 0;
  /** Numbers below this one were acknowledged. */
  acknowledged = 0;
  longestStallMs = 0;
  #lastMs = performance.now();
  readonly failures: string[] = [];

  constructor(producer: string, partition: number) {
    this.producer = producer;
    this.partition = partition;
  }

  next(count: number): readonly string[] {
    const values = Array.from({ length: count }, (_, index) => `${this.producer}:${this.sent + index}`);
    this.sent += count;
    return values;
  }

  acknowledge(): void {
    this.acknowledged = this.sent;
    const nowMs = performance.now();
    this.longestStallMs = Math.max(this.longestStallMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}

export interface Load {
  readonly history: Acknowledged;
  /** Resolves when what is under way is answered. */
  stop(): Promise<void>;
}

const recordsPerSend = 5;

/** Sends one after the other: a producer of KafkaJS that fails with several under way gives numbers of sequences twice. */
function startLoad(history: Acknowledged, send: (values: readonly string[]) => Promise<unknown>): Load {
  const stopped = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await send(history.next(recordsPerSend));
        history.acknowledge();
      } catch (error) {
        // From here on nothing is known of the producer's order.
        history.failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
        return;
      }
    }
  };
  const running = run();
  return {
    history,
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}

export function loadOfKafkaJs(producer: Producer, topic: string, name: string, partition: number): Load {
  return startLoad(new Acknowledged(name, partition), (values) =>
    producer.send({ topic, messages: values.map((value) => ({ value, partition })), acks: -1 }),
  );
}

export function loadOfPlatformatic(
  producer: PlatformaticProducer<string, string, string, string>,
  topic: string,
  name: string,
  partition: number,
): Load {
  return startLoad(new Acknowledged(name, partition), (values) =>
    producer.send({ messages: values.map((value) => ({ topic, value, partition })) }),
  );
}

/** What is wrong with a partition, of which `values` are all that it has, in order. */
export function problemsOf(
  values: readonly string[],
  { producer, sent, acknowledged }: Acknowledged,
): readonly string[] {
  const numbers = values
    .filter((value) => value.startsWith(`${producer}:`))
    .map((value) => Number(value.split(":")[1]));
  const problems: string[] = [];
  numbers.forEach((number, index) => {
    if (number === index || problems.length > 0) return;
    problems.push(`${producer}: ${number} stands at ${index}, after ${numbers[index - 1] ?? "nothing"}`);
  });
  if (numbers.length < acknowledged) problems.push(`${producer}: ${numbers.length} of ${acknowledged} acknowledged`);
  if (numbers.length > sent) problems.push(`${producer}: ${numbers.length} of ${sent} sent`);
  return problems;
}

/** What the members of a group were given, by partition and offset. */
export class Consumed {
  readonly #values = new Map<string, string>();
  readonly problems: string[] = [];
  longestStallMs = 0;
  #lastMs = performance.now();

  take(partition: number, offset: string, value: string): void {
    const place = `${partition}/${offset}`;
    const before = this.#values.get(place);
    if (before !== undefined && before !== value) this.problems.push(`${place} was ${before}, then ${value}`);
    this.#values.set(place, value);
    const nowMs = performance.now();
    this.longestStallMs = Math.max(this.longestStallMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  get count(): number {
    return this.#values.size;
  }

  valueAt(partition: number, offset: number): string | undefined {
    return this.#values.get(`${partition}/${offset}`);
  }
}

export async function startKafkaJsMember(
  kafka: Kafka,
  topic: string,
  groupId: string,
  consumed: Consumed,
): Promise<Consumer> {
  const retry = { retries: 50, initialRetryTime: 100, maxRetryTime: 1_000 };
  const consumer = kafka.consumer({ groupId, sessionTimeout: 10_000, heartbeatInterval: 1_000, retry });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: ({ partition, message: { offset, value } }) => {
      consumed.take(partition, offset, String(value));
      return Promise.resolve();
    },
  });
  return consumer;
}
