import { setTimeout as sleep } from "node:timers/promises";
import type { CommandSender } from "../../client/command.ts";
import { Consumer } from "../../client/consumer.ts";
import { PartitionNotOwnedError } from "../../client/consumer/consumer-errors.ts";
import type { RecordBatch } from "../../client/consumer/consumer-record.ts";
import { isServiceException } from "../../client/exceptions.ts";
import { TargetError } from "../../verify/target.ts";
import type { CommittedOffset, GroupMember, GroupMemberOptions, PolledRecords } from "../../verify/target.ts";
import { CrashableSender } from "./crashable-sender.ts";
import { valueOf } from "./record-value.ts";
import { targetErrorOf, translated } from "./target-errors.ts";

/** Longest wait of a fetch: a member that is closed waits for the last one. */
const fetchWaitMs = 500;

/** A consumer of the client library, from which batches are pulled. */
export class HttpGroupMember implements GroupMember {
  readonly #sender: CrashableSender;
  readonly #consumer: Consumer;
  readonly #batches: AsyncGenerator<RecordBatch, void, undefined>;
  /** What was polled since the last change of what is owned, and not committed. */
  readonly #uncommitted = new Map<string, CommittedOffset>();
  #next: Promise<IteratorResult<RecordBatch, void>> | undefined;
  #assignments = 0;

  private constructor(client: CommandSender, { group, topics, isolation, sessionTimeoutMs }: GroupMemberOptions) {
    this.#sender = new CrashableSender(client);
    const onChange = (): void => {
      this.#assignments += 1;
      this.#uncommitted.clear();
    };
    this.#consumer = new Consumer(this.#sender, {
      group,
      topics,
      isolation,
      sessionTimeoutMs,
      from: "earliest",
      autoCommit: false,
      waitMs: fetchWaitMs,
      closeTimeoutMs: sessionTimeoutMs,
      onAssigned: onChange,
      onRevoked: onChange,
      onLost: onChange,
      onProblem: () => undefined,
    });
    this.#batches = this.#consumer.batches();
  }

  /** @throws as `Consumer.start` */
  static async open(client: CommandSender, options: GroupMemberOptions): Promise<HttpGroupMember> {
    const member = new HttpGroupMember(client, options);
    await member.#consumer.start();
    return member;
  }

  async poll(waitMs: number): Promise<{ readonly records: readonly PolledRecords[]; readonly assignments: number }> {
    if (this.#sender.signal.aborted) throw new TargetError("fail", "CLIENT_LOST", "the member has crashed");
    try {
      const next = (this.#next ??= this.#batches.next());
      const came = await within(next, waitMs);
      if (came === undefined) return { records: [], assignments: this.#assignments };
      this.#next = undefined;
      if (came.done === true) throw new TargetError("fail", "CLIENT_LOST", "the member is closed");
      return { records: [this.#take(came.value)], assignments: this.#assignments };
    } catch (error) {
      // Whatever ended the iteration has closed the consumer.
      const { message, code, reason } = targetErrorOf(error);
      throw new TargetError("fail", code === "CORRUPT" ? code : "CLIENT_LOST", message, { cause: error, reason });
    }
  }

  async commit(): Promise<void> {
    const offsets = [...this.#uncommitted.values()];
    if (offsets.length === 0) return;
    try {
      await this.#consumer.commit(offsets);
      for (const { topic, partition, offset } of offsets) {
        const name = `${topic}:${partition}`;
        if (this.#uncommitted.get(name)?.offset === offset) this.#uncommitted.delete(name);
      }
    } catch (error) {
      // They are another's now, who begins where the last commit was.
      if (error instanceof PartitionNotOwnedError || isServiceException(error, "STALE_MEMBER_EPOCH")) return;
      throw targetErrorOf(error);
    }
  }

  crash(): void {
    this.#sender.crash();
    // It cannot say goodbye any more: this only ends its timers.
    void this.#consumer.close();
    this.#next?.catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#next?.catch(() => undefined);
    await translated(() => this.#consumer.close());
  }

  #take({ topic, partition, records, lastOffset }: RecordBatch): PolledRecords {
    this.#uncommitted.set(`${topic}:${partition}`, { topic, partition, offset: lastOffset + 1 });
    return {
      topic,
      partition,
      offsets: records.map(({ offset }) => offset),
      values: records.map(({ value }) => valueOf(value)),
    };
  }
}

async function within<Value>(promise: Promise<Value>, waitMs: number): Promise<Value | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([promise, sleep(waitMs, undefined, { signal: over.signal, ref: true })]);
  } finally {
    over.abort();
  }
}
