import { messageBytesDefault } from "../../shared/limits.ts";
import type { CommandSender } from "../command.ts";
import { DescribePartitionsCommand } from "../commands/describe-partitions-command.ts";
import type { ProducerConfiguration } from "./producer-options.ts";

/** What a producer must know of its topic. */
export interface TopicFacts {
  readonly partitions: number;
  /** Largest batch that the topic takes. */
  readonly messageBytesMax: number;
  /** Records get the log's time in place of their own. */
  readonly hasLogAppendTime: boolean;
}

/** Describes the topic when it is first needed, and again when that is long ago. */
export class TopicView {
  readonly #client: CommandSender;
  readonly #configuration: ProducerConfiguration;
  readonly #abortSignal: AbortSignal;
  #facts: TopicFacts | undefined;
  #describedAtMs = 0;
  #describing: Promise<TopicFacts> | undefined;

  constructor(client: CommandSender, configuration: ProducerConfiguration, abortSignal: AbortSignal) {
    this.#client = client;
    this.#configuration = configuration;
    this.#abortSignal = abortSignal;
  }

  /** What is known; when it is old, also asks anew, and goes on with the old for as long as that fails. */
  known(nowMs: number): TopicFacts | undefined {
    const isOld = nowMs - this.#describedAtMs >= this.#configuration.metadataMaxAgeMs;
    if (this.#facts !== undefined && isOld) {
      // Not before the next period, whatever comes of it.
      this.#describedAtMs = nowMs;
      this.describe(nowMs).catch(() => this.#facts);
    }
    return this.#facts;
  }

  /** @throws StreamkeeperException if the topic cannot be described */
  describe(nowMs: number): Promise<TopicFacts> {
    this.#describing ??= this.#describe(nowMs).finally(() => {
      this.#describing = undefined;
    });
    return this.#describing;
  }

  async #describe(nowMs: number): Promise<TopicFacts> {
    const { topic, namespace } = this.#configuration;
    const command = new DescribePartitionsCommand({ topic, namespace });
    const { partitions, config } = await this.#client.send(command, { abortSignal: this.#abortSignal });
    this.#facts = {
      partitions,
      messageBytesMax: Number(config["max.message.bytes"] ?? messageBytesDefault),
      hasLogAppendTime: config["message.timestamp.type"] === "LogAppendTime",
    };
    this.#describedAtMs = nowMs;
    return this.#facts;
  }
}
