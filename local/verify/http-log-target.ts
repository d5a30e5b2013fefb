/** The log as workloads drive it, over the client library. */
import { randomUUID } from "node:crypto";
import type { CommandSender } from "../../client/command.ts";
import { CreateTopicCommand } from "../../client/commands/create-topic-command.ts";
import { DescribeTopicCommand } from "../../client/commands/describe-topic-command.ts";
import { ExecuteTransactionCommand } from "../../client/commands/execute-transaction-command.ts";
import { FetchBatchesCommand } from "../../client/commands/fetch-batches-command.ts";
import { GetGroupOffsetsCommand } from "../../client/commands/get-group-offsets-command.ts";
import { GetOffsetCommand } from "../../client/commands/get-offset-command.ts";
import { isServiceException } from "../../client/exceptions.ts";
import { TargetError } from "../../verify/target.ts";
import type {
  AtomicWrite,
  GroupMember,
  GroupMemberOptions,
  Isolation,
  LogProducer,
  LogReader,
  LogTarget,
  TopicPartition,
  TransactionalLogProducer,
} from "../../verify/target.ts";
import { HttpGroupMember } from "./http-group-member.ts";
import { HttpLogProducer } from "./http-log-producer.ts";
import { HttpLogReader } from "./http-log-reader.ts";
import { HttpTransactionalProducer } from "./http-transactional-producer.ts";
import { recordOf } from "./record-value.ts";
import { targetErrorOf, translated } from "./target-errors.ts";

export interface LogTargetOptions {
  /** After this time without success a write is given up, and nobody knows what became of it. */
  readonly deliveryTimeoutMs: number;
}

export class HttpLogTarget implements LogTarget {
  readonly #client: CommandSender;
  readonly #options: LogTargetOptions;

  constructor(client: CommandSender, options: LogTargetOptions) {
    this.#client = client;
    this.#options = options;
  }

  async createTopic(name: string, partitions: number, config?: Readonly<Record<string, string>>): Promise<void> {
    await translated(async () => {
      try {
        await this.#client.send(
          new CreateTopicCommand({ name, partitions, ...(config === undefined ? {} : { config }) }),
        );
      } catch (error) {
        if (!isServiceException(error, "TOPIC_ALREADY_EXISTS")) throw error;
        await this.#client.send(new DescribeTopicCommand({ topic: name }));
      }
    });
  }

  async endOffset({ topic, partition }: TopicPartition, isolation: Isolation): Promise<number> {
    return await translated(async () => {
      if (isolation === "read_uncommitted") {
        return (await this.#client.send(new GetOffsetCommand({ topic, partition, at: "latest" }))).offset;
      }
      const input = { topic, partition, offset: "latest" as const, maxBytes: 1, isolation };
      return (await this.#client.send(new FetchBatchesCommand(input))).lastStableOffset;
    });
  }

  openProducer(options: { readonly topic: string; readonly idempotent: boolean }): Promise<LogProducer> {
    return Promise.resolve(new HttpLogProducer(this.#client, { ...options, ...this.#options }));
  }

  openTransactionalProducer(options: {
    readonly transactionalId: string;
    readonly timeoutMs: number;
  }): Promise<TransactionalLogProducer> {
    return Promise.resolve(new HttpTransactionalProducer(this.#client, { ...options, ...this.#options }));
  }

  openReader({ isolation }: { readonly isolation: Isolation }): Promise<LogReader> {
    return Promise.resolve(new HttpLogReader(this.#client, isolation));
  }

  async openMember(options: GroupMemberOptions): Promise<GroupMember> {
    return await translated(() => HttpGroupMember.open(this.#client, options));
  }

  async committedOffset(group: string, { topic, partition }: TopicPartition): Promise<number | undefined> {
    try {
      const command = new GetGroupOffsetsCommand({ group, topics: [topic], stable: true });
      const { offsets } = await this.#client.send(command);
      const found = offsets.find((offset) => offset.topic === topic && offset.partition === partition);
      return found === undefined || (found.offset ?? -1) < 0 ? undefined : (found.offset ?? undefined);
    } catch (error) {
      if (isServiceException(error, "GROUP_ID_NOT_FOUND")) return undefined;
      throw targetErrorOf(error);
    }
  }

  readonly writeAtomically = async ({ produce, offsets }: AtomicWrite): Promise<readonly (readonly number[])[]> =>
    await translated(async () => {
      const command = new ExecuteTransactionCommand({
        produce: produce.map(({ topic, partition, values }) => ({
          topic,
          records: values.map((value) => recordOf(value, partition)),
        })),
        ...(offsets === undefined ? {} : { offsets: [offsets] }),
        idempotencyKey: randomUUID(),
      });
      const { results } = await this.#client.send(command);
      const all = results.map(({ offset }) => offset);
      const counts = produce.map(({ values }) => values.length);
      if (all.length !== counts.reduce((sum, count) => sum + count, 0)) {
        throw new TargetError("info", "CORRUPT", `${all.length} results came for the records of ${counts.join("+")}`);
      }
      let from = 0;
      return counts.map((count) => all.slice(from, (from += count)));
    });
}
