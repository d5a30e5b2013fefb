/**
 * A consumer group under virtual time: consumers on several servers that join, leave, crash and pause at random while
 * producers write. A position moves only through commits: whoever is given a partition begins where it is committed.
 * The records themselves are only counted: the log has simulations of its own.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import { sessionSkewMs } from "../../shared/limits.ts";
import type { Membership, TopicPartitions } from "../../shared/services/groups.ts";
import type { OffsetPoint } from "../../shared/services/services.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { type GroupProcess, GroupWorld, name } from "../shared/services/group-world.ts";
import { GroupHistory } from "./group-history.ts";
import { swarm } from "./swarm.ts";

const serversCount = 3;
const consumersCount = 12;
const partitionsCount = 24;
const topic = "t";
const lifeMs = 600_000;
const sessionTimeoutMs = 10_000;
const rebalanceTimeoutMs = 8_000;
/** Longer than any consumer needs to hear of a change, and to tell that it gave up what it was asked for. */
const settleMsMax = 5_000;

export interface GroupSimulation {
  readonly seed: number;
  /** Servers freeze and die, and the store fails. */
  readonly trouble: boolean;
  /** A fault of ours instead of the store's: what stands between servers and storage. */
  readonly mutate?: (storage: Storage) => Storage;
  /** The part of its load that it does, up to 1, which is the default. */
  readonly size?: number;
  /** What else of the store is chosen from outside. */
  readonly store?: Partial<SimulationOptions>;
}

export interface GroupSimulationResult {
  /** In words; none if the group kept its promises. */
  readonly anomalies: readonly string[];
  readonly produced: number;
  readonly processed: number;
  readonly rebalances: number;
  /** Commits that were refused because the consumer was fenced. */
  readonly refused: number;
  /** Longest time from a change in calm until each partition had its last owner. */
  readonly settledMs: number;
}

export async function simulateGroup(simulation: GroupSimulation): Promise<GroupSimulationResult> {
  const world = new GroupWorld({ seed: simulation.seed, ...simulation.store });
  let result: GroupSimulationResult | undefined;
  await world.run(async () => {
    result = await new Simulation(world, simulation).run();
  });
  if (result === undefined) throw new Error("the simulation has no result");
  return result;
}

class Simulation {
  readonly #world: GroupWorld;
  readonly #random: SeededRandom;
  readonly #options: GroupSimulation;
  readonly #history: GroupHistory;
  readonly #servers: GroupProcess[];
  readonly #ends: number[] = Array.from({ length: partitionsCount }, () => 0);
  #untilMs = 0;
  #stop = false;
  #settledMs = 0;

  constructor(world: GroupWorld, options: GroupSimulation) {
    this.#world = world;
    this.#random = world.store.random;
    this.#options = options;
    this.#history = new GroupHistory(world.store, rebalanceTimeoutMs - sessionSkewMs);
    this.#history.watch(name.group);
    this.#servers = Array.from({ length: serversCount }, () => this.#start());
  }

  async run(): Promise<GroupSimulationResult> {
    const { store } = this.#world;
    await this.#world.one.topics.create(name.namespace, { name: topic, partitions: partitionsCount });
    const ownLifeMs = lifeMs * (this.#options.size ?? 1);
    this.#untilMs = this.#nowMs + ownLifeMs;
    if (this.#options.trouble) swarm(store);
    const consumers = Array.from({ length: consumersCount }, (_, index) => this.#consumer(index));
    const beside = [this.#producer(), ...(this.#options.trouble ? [this.#trouble()] : [])];
    await this.#pause(ownLifeMs);
    store.setFaults({});
    await Promise.all(beside);
    await this.#settle();
    this.#stop = true;
    await Promise.all(consumers);
    this.#history.judge(this.#ends);
    const { anomalies, processed, rebalances, refused } = this.#history;
    const produced = this.#ends.reduce((sum, end) => sum + end, 0);
    return { anomalies, produced, processed, rebalances, refused, settledMs: this.#settledMs };
  }

  get #nowMs(): number {
    return this.#world.store.time.nowMs;
  }

  #start(): GroupProcess {
    const wallSkewMs = this.#random.between(-sessionSkewMs / 2, sessionSkewMs / 2);
    const listOffset = (_: string, __: string, partition: number, point: OffsetPoint) =>
      Promise.resolve({ offset: point.at === "earliest" ? 0 : (this.#ends[partition] ?? 0), timestamp: -1 });
    const onKilled = (): void => {
      const index = this.#servers.indexOf(started);
      if (index >= 0) this.#servers[index] = this.#start();
    };
    const started = this.#world.start({ wallSkewMs, onKilled }, this.#options.mutate, { listOffset });
    return started;
  }

  #any(): GroupProcess {
    return this.#random.pick(this.#servers);
  }

  #pause(ms: number): Promise<void> {
    return this.#world.sleep(ms);
  }

  /** Records are numbers of their place: what is in them does not matter here. */
  async #producer(): Promise<void> {
    while (this.#nowMs < this.#untilMs) {
      await this.#pause(this.#random.between(20, 200));
      const partition = this.#random.below(partitionsCount);
      this.#ends[partition] = (this.#ends[partition] ?? 0) + 1 + this.#random.below(3);
    }
  }

  async #trouble(): Promise<void> {
    while (this.#nowMs < this.#untilMs) {
      await this.#pause(this.#random.between(1_000, 20_000));
      const index = this.#random.below(serversCount);
      if (this.#random.chance(0.5)) this.#servers[index]?.process.freeze(this.#random.between(10, 15_000));
      else this.#servers[index]?.process.kill();
    }
  }

  /** One life after the other; a crash says nothing to the group. */
  async #consumer(index: number): Promise<void> {
    for (let life = 0; !this.#stop; life += 1) {
      const consumer = new Consumer(
        `c${index}-${life}`,
        (waitMs, act) => this.#ask(waitMs, act),
        this.#history,
        this.#ends,
      );
      // Nothing more happens by choice when the time is over.
      const isLast = (): boolean => this.#nowMs >= this.#untilMs;
      await this.#live(consumer, isLast);
      if (isLast() && this.#stop) return;
      await this.#pause(this.#random.between(100, 8_000));
    }
  }

  async #live(consumer: Consumer, isLast: () => boolean): Promise<void> {
    const diesAtMs = this.#nowMs + this.#random.between(5_000, 120_000);
    if (!(await consumer.join(sessionTimeoutMs))) return;
    while (!this.#stop) {
      if (!isLast() && this.#nowMs > diesAtMs) {
        if (this.#random.chance(0.5)) await consumer.leave();
        consumer.crash();
        return;
      }
      if (!isLast() && this.#random.chance(0.015)) await this.#pause(this.#random.between(1_000, 2 * sessionTimeoutMs));
      const pauseMs = await consumer.turn(this.#random, this.#nowMs);
      if (pauseMs === undefined) return;
      await this.#pause(pauseMs);
    }
    consumer.crash();
  }

  /** Undefined where no answer comes in time, or one that says to try again. */
  async #ask<Answer>(
    waitMs: number,
    act: (server: GroupProcess) => Promise<Answer>,
  ): Promise<Answer | ServiceError | undefined> {
    const answer = act(this.#any()).catch((cause: unknown) => {
      if (!(cause instanceof ServiceError)) {
        this.#history.anomalies.push(`unexpected: ${String(cause)}`);
        return undefined;
      }
      return cause.retriable ? undefined : cause;
    });
    return await Promise.race([answer, this.#pause(waitMs).then(() => undefined)]);
  }

  /** From the last change on: a last one leaves, and the others share what it had within the time. */
  async #settle(): Promise<void> {
    await this.#pause(3 * sessionTimeoutMs);
    await this.#expectSettled(1);
    for (let change = 0; change < 3; change += 1) {
      const { memberList } = await this.#world.one.groups.describe(name);
      const gone = this.#random.pick(memberList).memberId;
      this.#history.evicted(gone);
      await this.#world.one.groups.leave({ ...name, memberId: gone, forever: true });
      await this.#expectSettled(settleMsMax);
      // Whoever was made to leave joins again, and that is a change of its own.
      await this.#pause(2 * sessionTimeoutMs);
    }
    // What is left to be read is read.
    await this.#pause(20_000);
  }

  async #expectSettled(withinMs: number): Promise<void> {
    const fromMs = this.#nowMs;
    for (;;) {
      const { state, memberList } = await this.#world.one.groups.describe(name);
      const owned = memberList.flatMap(({ assignment }) => assignment.flatMap(({ partitions }) => partitions));
      if (state === "Stable" && new Set(owned).size === partitionsCount) break;
      if (this.#nowMs - fromMs > withinMs + 30_000) break;
      await this.#pause(50);
    }
    const tookMs = this.#nowMs - fromMs;
    this.#settledMs = Math.max(this.#settledMs, tookMs);
    if (tookMs > withinMs + 50) this.#history.anomalies.push(`the group settled after ${tookMs} ms`);
  }
}

type Ask = <Answer>(
  waitMs: number,
  act: (server: GroupProcess) => Promise<Answer>,
) => Promise<Answer | ServiceError | undefined>;

/** What a consumer holds, and where it reads. */
class Consumer {
  readonly #id: string;
  readonly #ask: Ask;
  readonly #history: GroupHistory;
  readonly #ends: readonly number[];
  readonly #positions = new Map<number, number>();
  #membership: Membership | undefined;
  #beatsAtMs = 0;

  constructor(id: string, ask: Ask, history: GroupHistory, ends: readonly number[]) {
    this.#id = id;
    this.#ask = ask;
    this.#history = history;
    this.#ends = ends;
  }

  async join(timeoutMs: number): Promise<boolean> {
    const request = {
      ...name,
      memberId: this.#id,
      topics: [topic],
      sessionTimeoutMs: timeoutMs,
      rebalanceTimeoutMs,
    };
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const sentAtMs = this.#history.nowMs;
      const joined = await this.#ask(3_000, ({ groups }) => groups.join(request));
      if (joined instanceof ServiceError) return false;
      if (joined === undefined || this.#isOver(joined, sentAtMs)) continue;
      this.#take(joined, sentAtMs);
      return true;
    }
    return false;
  }

  async leave(): Promise<void> {
    await this.#commit();
    this.crash();
    await this.#ask(2_000, ({ groups }) => groups.leave({ ...name, memberId: this.#id }));
  }

  crash(): void {
    this.#history.gone(this.#id);
    this.#positions.clear();
  }

  /** Reads a little, commits now and then, says that it lives in time. Answers how long to wait; undefined if it is out. */
  async turn(random: SeededRandom, nowMs: number): Promise<number | undefined> {
    await this.#read();
    if (random.chance(0.15) && !(await this.#commit())) return this.#out();
    if (nowMs >= this.#beatsAtMs && !(await this.#beat(nowMs))) return this.#out();
    return random.between(100, 400);
  }

  #out(): undefined {
    this.crash();
    return undefined;
  }

  async #read(): Promise<void> {
    // Where it was not told yet where to begin, it asks.
    const fresh = this.#owned().filter((partition) => !this.#positions.has(partition));
    if (fresh.length > 0) await this.#begin(fresh);
    for (const [partition, position] of this.#positions) {
      const end = Math.min(this.#ends[partition] ?? 0, position + 20);
      if (end === position) continue;
      this.#history.handled(partition, position, end);
      this.#positions.set(partition, end);
    }
  }

  async #begin(partitions: readonly number[]): Promise<void> {
    const epoch = this.#membership?.memberEpoch;
    const committed = await this.#ask(2_000, async ({ groups }) => await groups.offsets({ ...name, topics: [topic] }));
    if (committed === undefined || committed instanceof ServiceError || epoch !== this.#membership?.memberEpoch) return;
    for (const { partition, offset } of committed) {
      if (partitions.includes(partition)) this.#positions.set(partition, Math.max(0, offset));
    }
  }

  /** False if the consumer is no longer of the group. */
  async #commit(): Promise<boolean> {
    const membership = this.#membership;
    if (membership === undefined || this.#positions.size === 0) return true;
    const offsets = [...this.#positions].map(([partition, offset]) => ({ topic, partition, offset }));
    const { memberId, memberEpoch } = membership;
    const answer = await this.#ask(2_000, ({ groups }) => groups.commit({ ...name, memberId, memberEpoch, offsets }));
    if (answer instanceof ServiceError) {
      this.#history.refused += 1;
      return answer.code === "STALE_MEMBER_EPOCH";
    }
    return true;
  }

  async #beat(nowMs: number): Promise<boolean> {
    const membership = this.#membership;
    if (membership === undefined) return false;
    const { memberId, memberEpoch, assignment } = membership;
    const sentAtMs = this.#history.nowMs;
    const answer = await this.#ask(2_000, ({ groups }) =>
      groups.heartbeat({ ...name, memberId, memberEpoch, owned: assignment }),
    );
    if (answer instanceof ServiceError) return false;
    if (answer === undefined) {
      this.#beatsAtMs = nowMs + 200;
      return true;
    }
    const lost = partitionsOf(assignment).filter((partition) => !partitionsOf(answer.assignment).includes(partition));
    // The last chance to save where it is.
    if (lost.length > 0 && !(await this.#commit())) return false;
    if (this.#isOver(answer, sentAtMs)) return false;
    this.#take(answer, sentAtMs);
    this.#beatsAtMs = lost.length > 0 ? nowMs : nowMs + answer.heartbeatIntervalMs;
    return true;
  }

  /** By its own clock, an answer holds from when it was asked for: it is not acted on any more. */
  #isOver({ sessionTimeoutMs: holdsMs }: Membership, sentAtMs: number): boolean {
    return this.#history.nowMs >= sentAtMs + holdsMs;
  }

  #owned(): number[] {
    return partitionsOf(this.#membership?.assignment ?? []);
  }

  #take(membership: Membership, sentAtMs: number): void {
    this.#membership = membership;
    const owned = new Set(this.#owned());
    for (const partition of this.#positions.keys()) if (!owned.has(partition)) this.#positions.delete(partition);
    const { memberEpoch, sessionTimeoutMs } = membership;
    this.#history.told(this.#id, memberEpoch, [...owned], sentAtMs, sessionTimeoutMs);
  }
}

function partitionsOf(assignment: readonly TopicPartitions[]): number[] {
  return assignment.flatMap(({ partitions }) => partitions);
}
