/** Membership of a group (KIP-848): joins, keeps itself alive by heartbeats, and joins again when it was lost. */
import type { CommandSender } from "../command.ts";
import { HeartbeatMemberCommand } from "../commands/heartbeat-member-command.ts";
import { JoinGroupCommand } from "../commands/join-group-command.ts";
import type { JoinGroupOutput } from "../commands/join-group-command.ts";
import { LeaveGroupCommand } from "../commands/leave-group-command.ts";
import { isServiceException, StreamkeeperException, StreamkeeperServiceException } from "../exceptions.ts";
import { isTransient } from "../middleware/retry-policy.ts";
import { MembershipLostError } from "./consumer-errors.ts";
import type { ConsumerConfiguration, ConsumerProblem } from "./consumer-options.ts";
import { quietFailuresMax } from "./patience.ts";
import type { Patience } from "./patience.ts";
import type { TopicPartitions } from "./topic-partition.ts";
import { Wakeable } from "./wakeable.ts";

/** After a heartbeat that failed, the next one comes this much sooner than it would otherwise. */
const retriesPerHeartbeat = 4;

/** Heartbeats without an answer that fit into a session. */
const requestsPerSession = 4;

export interface MemberIdentity {
  readonly memberId: string;
  readonly memberEpoch: number;
}

export interface MembershipEvents {
  /** What is owned at this moment; heartbeats carry it. */
  owned(): readonly TopicPartitions[];
  /** The service has said what to own from now on. */
  onTarget(assignment: readonly TopicPartitions[]): void;
  /** From this moment on nothing is owned. */
  onLost(reason: MembershipLostError): void;
  /** Joining failed, and is tried again. */
  onProblem(problem: ConsumerProblem): void;
  /** It cannot go on. */
  onFailure(error: unknown): void;
}

interface Waiter {
  readonly heartbeat: number;
  resolve(): void;
}

export class Membership {
  readonly #client: CommandSender;
  readonly #configuration: ConsumerConfiguration;
  readonly #patience: Patience;
  readonly #events: MembershipEvents;
  readonly #stop = new AbortController();
  readonly #clockwork: Wakeable;
  readonly #joined = Promise.withResolvers<void>();
  #life: Promise<void> | undefined;
  /** The last id that the service may know. */
  #memberId: string | undefined;
  #memberEpoch: number | undefined;
  #heartbeatIntervalMs = 0;
  /** Less than the session's while partitions are to be given up. */
  #sessionTimeoutMs = 0;
  /** When the last request was sent that proved the membership. */
  #provenMs = 0;
  #heartbeatsSent = 0;
  #waiters: readonly Waiter[] = [];
  #lastFailure: unknown;

  constructor(
    client: CommandSender,
    configuration: ConsumerConfiguration,
    patience: Patience,
    events: MembershipEvents,
  ) {
    this.#client = client;
    this.#configuration = configuration;
    this.#patience = patience;
    this.#events = events;
    this.#clockwork = new Wakeable(configuration.time);
  }

  /** Undefined while it is no member. */
  get identity(): MemberIdentity | undefined {
    const [memberId, memberEpoch] = [this.#memberId, this.#memberEpoch];
    return memberId === undefined || memberEpoch === undefined ? undefined : { memberId, memberEpoch };
  }

  /** Resolves when the group was joined for the first time, or never will be. */
  start(): Promise<void> {
    this.#life ??= this.#live();
    return this.#joined.promise;
  }

  /** Sends the next heartbeat at once: something has changed that the others wait for. */
  hurry(): void {
    this.#clockwork.wake();
  }

  /** Resolves when a heartbeat was answered that was sent from now on, or when there is no use in waiting for one. */
  async refresh(): Promise<void> {
    if (this.identity === undefined || this.#stop.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters = [...this.#waiters, { heartbeat: this.#heartbeatsSent + 1, resolve }];
    this.hurry();
    await promise;
  }

  /** Sends a heartbeat if one is due, and waits for its answer. */
  async keepAlive(): Promise<void> {
    if (this.#configuration.time.nowMs() >= this.#provenMs + this.#heartbeatIntervalMs) await this.refresh();
  }

  /** The service no longer knows this member, as somebody was told. */
  lose(memberId: string, cause: unknown): void {
    if (this.#memberId !== memberId || this.#memberEpoch === undefined) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const lost = new MembershipLostError(`member ${memberId} of ${this.#configuration.group}: ${reason}`, { cause });
    this.#memberEpoch = undefined;
    this.#resolveWaiters(Infinity);
    this.#events.onLost(lost);
    this.#clockwork.wake();
  }

  /** Stops the heartbeats and leaves the group, as far as the signal lets it. */
  async leave(signal: AbortSignal): Promise<void> {
    this.#stop.abort();
    this.#clockwork.wake();
    this.#resolveWaiters(Infinity);
    await this.#life;
    const { group, namespace } = this.#configuration;
    const memberId = this.#memberId;
    this.#memberEpoch = undefined;
    if (memberId === undefined) return;
    try {
      const command = new LeaveGroupCommand({ namespace, group, memberId });
      await this.#patience.call(() => this.#client.send(command, { abortSignal: signal }), signal);
    } catch (error) {
      // The session ends by itself in a while; whoever closes a consumer can do no more about it.
      if (!(error instanceof StreamkeeperException)) throw error;
    }
  }

  async #live(): Promise<void> {
    try {
      while (!this.#stop.signal.aborted) {
        await this.#join();
        await this.#beat();
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#events.onFailure(error);
    } finally {
      this.#joined.resolve();
      this.#resolveWaiters(Infinity);
    }
  }

  async #join(): Promise<void> {
    const { time, namespace, group, topics, topicPattern, instanceId, assignor, clientId } = this.#configuration;
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#configuration;
    const memberId = crypto.randomUUID();
    this.#memberId = undefined;
    const subscription = { topics, topicPattern, instanceId, assignor, clientId, sessionTimeoutMs, rebalanceTimeoutMs };
    const command = new JoinGroupCommand({ namespace, group, memberId, ...subscription });
    const { signal } = this.#stop;
    let sentMs = time.nowMs();
    const answer = await this.#patience.call(
      () => {
        sentMs = time.nowMs();
        return this.#sendJoin(command, memberId);
      },
      signal,
      // The one that went before has not left: its session will be over.
      (failure) => isServiceException(failure, "UNRELEASED_INSTANCE_ID"),
      (retry) => {
        if (retry.attempts >= quietFailuresMax) this.#events.onProblem({ ...retry, during: "join" });
      },
    );
    this.#memberId = answer.memberId;
    this.#accept(answer, sentMs);
    this.#joined.resolve();
  }

  async #sendJoin(command: JoinGroupCommand, memberId: string): Promise<JoinGroupOutput> {
    const before = this.#memberId;
    this.#memberId = memberId;
    try {
      return await this.#client.send(command, { abortSignal: this.#stop.signal, maxAttempts: 1 });
    } catch (error) {
      // What never reached the service has nothing to leave.
      if (error instanceof StreamkeeperException && error.hasNoSideEffects()) this.#memberId = before;
      throw error;
    }
  }

  async #beat(): Promise<void> {
    const { time } = this.#configuration;
    let nextMs = this.#provenMs + this.#heartbeatIntervalMs;
    for (;;) {
      await this.#clockwork.sleep(Math.max(0, Math.min(nextMs - time.nowMs(), this.#leftMs())));
      const member = this.identity;
      if (member === undefined || this.#stop.signal.aborted) return;
      if (this.#leftMs() <= 0) {
        const cause = this.#lastFailure;
        return this.lose(
          member.memberId,
          new Error("no heartbeat was answered in time, or partitions were not given up in time", { cause }),
        );
      }
      const sentMs = time.nowMs();
      const isAnswered = await this.#beatOnce(member, sentMs);
      nextMs = isAnswered
        ? sentMs + this.#heartbeatIntervalMs
        : time.nowMs() + this.#heartbeatIntervalMs / retriesPerHeartbeat;
    }
  }

  async #beatOnce(member: MemberIdentity, sentMs: number): Promise<boolean> {
    const { namespace, group } = this.#configuration;
    this.#heartbeatsSent += 1;
    const heartbeat = this.#heartbeatsSent;
    const command = new HeartbeatMemberCommand({ namespace, group, ...member, owned: this.#events.owned() });
    // Given up early enough to be sent again: a connection may be dead without a word. A cold service may take its time, though.
    const patienceMs = Math.max(this.#heartbeatIntervalMs, this.#sessionTimeoutMs / requestsPerSession);
    const requestTimeoutMs = Math.max(1, Math.ceil(Math.min(patienceMs, this.#leftMs())));
    const options = { requestTimeoutMs, maxAttempts: 1, abortSignal: this.#stop.signal };
    try {
      const answer = await this.#client.send(command, options);
      // A commit may have learned meanwhile that the membership is over.
      if (this.#memberId === member.memberId && this.#memberEpoch !== undefined) this.#accept(answer, sentMs);
      this.#resolveWaiters(heartbeat);
      return true;
    } catch (error) {
      this.#lastFailure = error;
      if (this.#stop.signal.aborted) return false;
      const isOver = isEndOfMembership(error) || isServiceException(error, "STALE_MEMBER_EPOCH");
      if (isOver) this.lose(member.memberId, error);
      // Whatever else it was (the network, credentials to sign with), it is tried again while the session may be open.
      else if (error instanceof StreamkeeperServiceException && !isTransient(error)) throw error;
      return false;
    }
  }

  #accept(answer: Omit<JoinGroupOutput, "memberId">, sentMs: number): void {
    this.#memberEpoch = answer.memberEpoch;
    this.#heartbeatIntervalMs = answer.heartbeatIntervalMs;
    this.#sessionTimeoutMs = answer.sessionTimeoutMs;
    this.#provenMs = sentMs;
    this.#lastFailure = undefined;
    // What comes when its time is over says nothing of what is to be owned now: the membership is lost with the next turn.
    if (this.#leftMs() > 0) this.#events.onTarget(answer.assignment);
  }

  #resolveWaiters(upTo: number): void {
    for (const waiter of this.#waiters) if (waiter.heartbeat <= upTo) waiter.resolve();
    this.#waiters = this.#waiters.filter((waiter) => waiter.heartbeat > upTo);
  }

  /** Until the service may have given the partitions to others. */
  #leftMs(): number {
    return this.#provenMs + this.#sessionTimeoutMs - this.#configuration.time.nowMs();
  }
}

/** What a service says to a member that is none any more, or that has missed what the group decided. */
export function isEndOfMembership(error: unknown): boolean {
  return (
    isServiceException(error, "UNKNOWN_MEMBER_ID") ||
    isServiceException(error, "FENCED_MEMBER_EPOCH") ||
    isServiceException(error, "GROUP_ID_NOT_FOUND")
  );
}
