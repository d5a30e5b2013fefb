/** The topics and one group of a service, in memory and in manual time: small, and honest about who may own and commit what. */
import { NoAnswerException, StreamkeeperServiceException } from "../../../client/index.ts";
import type { Command, CommandSender, SendOptions } from "../../../client/index.ts";
import { groupByTopic, keyOf, listPartitions } from "../../../client/consumer/topic-partition.ts";
import type { TopicPartition, TopicPartitions } from "../../../client/consumer/topic-partition.ts";
import { compress } from "../../../shared/compression/compression.ts";
import { errorTable } from "../../../shared/api/errors.ts";
import type { ErrorCode } from "../../../shared/api/errors.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { copyWithOffsets } from "../../../shared/record/record-batch.ts";
import { ManualTime } from "../coordination/manual-time.ts";

export const heartbeatIntervalMs = 1_000;
const sessionTimeoutMs = 6_000;

interface Member {
  epoch: number;
  /** What it was told last to own. */
  assignment: readonly string[];
  leaseEndsMs: number;
  readonly topics: readonly string[];
  readonly instanceId: string | undefined;
}

/** What becomes of a request: refused in place of being served, or served and its answer lost. */
export type Fate = Error | "answer lost" | "never" | undefined;

export interface Request {
  readonly client: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export function refusal(code: ErrorCode, details: Record<string, number> = {}): StreamkeeperServiceException {
  const { status, retriable } = errorTable[code];
  return new StreamkeeperServiceException(code, `${code} for a test`, {
    fault: status >= 500 ? "server" : "client",
    retriable,
    details,
    effect: "none",
    metadata: { httpStatusCode: status },
  });
}

export class GroupDouble {
  readonly time = new ManualTime();
  readonly requests: Request[] = [];
  readonly committed = new Map<string, number>();
  /** Each commit that was taken, in order. */
  readonly commits: { readonly key: string; readonly offset: number; readonly atMs: number }[] = [];
  readonly members = new Map<string, Member>();
  logStart = 0;
  /** How long an answer holds, as it says: less than the session where somebody does not give up. */
  holdsMs = sessionTimeoutMs;
  fate: (request: Request) => Fate = () => undefined;
  readonly #values = new Map<string, string[]>();
  readonly #owners = new Map<string, string>();
  #groupEpoch = 0;
  #grown = Promise.withResolvers<void>();

  constructor(topics: Readonly<Record<string, number>>) {
    for (const [topic, partitions] of Object.entries(topics)) {
      for (let partition = 0; partition < partitions; partition += 1) this.#values.set(keyOf({ topic, partition }), []);
    }
  }

  /** A client of its own, by whose name requests are told apart. */
  client(name: string): CommandSender {
    return { send: (command, options) => this.#send(name, command, options) };
  }

  produce(place: TopicPartition, ...values: readonly string[]): void {
    this.#valuesOf(keyOf(place)).push(...values);
    this.#grown.resolve();
    this.#grown = Promise.withResolvers<void>();
  }

  /** Behind its last record. */
  end(place: TopicPartition): number {
    return this.#valuesOf(keyOf(place)).length;
  }

  ownerOf(place: TopicPartition): string | undefined {
    return this.#owners.get(keyOf(place));
  }

  sent(name: string): Request[] {
    return this.requests.filter((request) => request.name === name);
  }

  /** The service forgets a member, as when its session is over. */
  expel(memberId: string): void {
    this.members.delete(memberId);
    for (const [key, owner] of this.#owners) if (owner === memberId) this.#owners.delete(key);
    this.#groupEpoch += 1;
  }

  async #send<Input extends object, Output extends object>(
    client: string,
    command: Command<Input, Output>,
    options: SendOptions = {},
  ) {
    const request: Request = {
      client,
      name: command.name.replace("Command", ""),
      input: Object.fromEntries(Object.entries(command.input)),
    };
    this.requests.push(request);
    const fate = this.fate(request);
    if (fate instanceof Error) throw fate;
    const { abortSignal = new AbortController().signal, requestTimeoutMs = 32_000 } = options;
    if (abortSignal.aborted) throw new NoAnswerException("aborted", "for a test", true);
    if (fate === "never") {
      await this.time.sleep(requestTimeoutMs, abortSignal);
      throw new NoAnswerException(abortSignal.aborted ? "aborted" : "timeout", "for a test", true);
    }
    this.#expire();
    // A request never is answered in the turn in which it is sent.
    await Promise.resolve();
    const answer = await this.#answer(request, abortSignal);
    if (fate === "answer lost") throw new NoAnswerException("lost", "for a test", true);
    if (abortSignal.aborted) throw new NoAnswerException("aborted", "for a test", true);
    return { ...(answer as Output), $metadata: { attempts: 1, totalRetryDelayMs: 0 } };
  }

  #answer({ name, input }: Request, signal: AbortSignal): object | Promise<object> {
    switch (name) {
      case "JoinGroup":
        return this.#join(input as never);
      case "HeartbeatMember":
        return this.#heartbeat(input as never);
      case "LeaveGroup":
        this.expel((input as { memberId: string }).memberId);
        return {};
      case "CommitOffsets":
        return this.#commit(input as never);
      case "GetGroupOffsets":
        return { offsets: [...this.committed].map(([key, offset]) => ({ ...placeOf(key), offset })) };
      case "GetOffset":
        return { offset: this.#offset(input as never), timestamp: -1 };
      case "FetchBatches":
        return this.#fetch(input as never, signal);
      default:
        throw new TypeError(`the double knows no ${name}`);
    }
  }

  #join({ memberId, topics, instanceId }: { memberId: string; topics: string[]; instanceId?: string }): object {
    for (const member of this.members.values()) {
      if (instanceId !== undefined && member.instanceId === instanceId) throw refusal("UNRELEASED_INSTANCE_ID");
    }
    this.#groupEpoch += 1;
    const leaseEndsMs = this.time.nowMs() + sessionTimeoutMs;
    this.members.set(memberId, { epoch: this.#groupEpoch, assignment: [], leaseEndsMs, topics, instanceId });
    return this.#membership(memberId);
  }

  #heartbeat(input: { memberId: string; memberEpoch: number; owned: TopicPartitions[] }): object {
    const { memberId, memberEpoch, owned } = input;
    const member = this.#member(memberId);
    if (memberEpoch > member.epoch) throw refusal("FENCED_MEMBER_EPOCH");
    member.leaseEndsMs = this.time.nowMs() + sessionTimeoutMs;
    const ownedKeys = new Set(listPartitions(owned).map(keyOf));
    for (const [key, owner] of this.#owners) {
      const isGivenUp = owner === memberId && !ownedKeys.has(key) && !member.assignment.includes(key);
      if (isGivenUp) this.#owners.delete(key);
    }
    return this.#membership(memberId);
  }

  #commit(input: { memberId: string; memberEpoch: number; offsets: (TopicPartition & { offset: number })[] }): object {
    const member = this.#member(input.memberId);
    if (input.memberEpoch < member.epoch) throw refusal("STALE_MEMBER_EPOCH");
    for (const { offset, ...place } of input.offsets) {
      const key = keyOf(place);
      if (this.#owners.get(key) !== input.memberId)
        throw new Error(`${input.memberId} commits ${key}, which is another's`);
      this.committed.set(key, offset);
      this.commits.push({ key, offset, atMs: this.time.nowMs() });
    }
    return { results: input.offsets.map(({ topic, partition }) => ({ topic, partition })) };
  }

  async #fetch(input: TopicPartition & { offset: number; waitMs: number }, signal: AbortSignal): Promise<object> {
    const values = this.#valuesOf(keyOf(input));
    const { offset } = input;
    if (offset < this.logStart || offset > values.length) {
      throw refusal("OFFSET_OUT_OF_RANGE", {
        logStartOffset: this.logStart,
        lastStableOffset: values.length,
        highWatermark: values.length,
      });
    }
    const endMs = this.time.nowMs() + input.waitMs;
    const wait = new AbortController();
    signal.addEventListener("abort", () => wait.abort(), { once: true });
    while (values.length === offset && this.time.nowMs() < endMs && !signal.aborted) {
      await Promise.race([this.#grown.promise, this.time.sleep(endMs - this.time.nowMs(), wait.signal)]);
    }
    wait.abort();
    const more = values.slice(offset);
    const records = more.map((value) => ({ key: null, value: Buffer.from(value), timestamp: 7 }));
    const encoded = more.length === 0 ? new Uint8Array() : encodeBatch({ records }, compress);
    const batches = more.length === 0 ? encoded : copyWithOffsets(encoded, 0, encoded.length, offset, 0);
    const highWatermark = values.length;
    return {
      batches,
      nextOffset: highWatermark,
      highWatermark,
      lastStableOffset: highWatermark,
      logStartOffset: this.logStart,
    };
  }

  #offset({ at, ...place }: TopicPartition & { at: "earliest" | "latest" }): number {
    return at === "earliest" ? this.logStart : this.#valuesOf(keyOf(place)).length;
  }

  /** What a member is to own: of what it shall have in the end, that which nobody else still holds. */
  #membership(memberId: string): object {
    const member = this.#member(memberId);
    const target = this.#targetOf(memberId);
    const held = [...this.#owners].filter(([, owner]) => owner === memberId).map(([key]) => key);
    const isGivingUp = held.some((key) => !target.includes(key));
    // As in KIP-848: nothing new before it has given up what it shall, and only then is it in the new epoch.
    const free = target.filter((key) => !this.#owners.has(key) && !isGivingUp);
    for (const key of free) this.#owners.set(key, memberId);
    if (!isGivingUp) member.epoch = this.#groupEpoch;
    member.assignment = [...held.filter((key) => target.includes(key)), ...free];
    return {
      memberId,
      memberEpoch: member.epoch,
      assignment: groupByTopic(member.assignment.map(placeOf)),
      heartbeatIntervalMs,
      sessionTimeoutMs: this.holdsMs,
    };
  }

  /** In turn, by name: neither sticky nor clever. */
  #targetOf(memberId: string): readonly string[] {
    const ids = [...this.members.keys()].toSorted();
    return [...this.#values.keys()].filter((_, index) => ids[index % ids.length] === memberId);
  }

  #expire(): void {
    for (const [memberId, { leaseEndsMs }] of this.members) if (leaseEndsMs <= this.time.nowMs()) this.expel(memberId);
  }

  #member(memberId: string): Member {
    const member = this.members.get(memberId);
    if (member === undefined) throw refusal("UNKNOWN_MEMBER_ID");
    return member;
  }

  #valuesOf(key: string): string[] {
    const values = this.#values.get(key);
    if (values === undefined) throw refusal("UNKNOWN_TOPIC_OR_PARTITION");
    return values;
  }
}

function placeOf(key: string): TopicPartition {
  const slash = key.indexOf("/");
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) };
}
