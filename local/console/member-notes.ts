/** What a member of a group tells on stderr beside its records, as kcat does: which partitions come and go, and what fails. */
import type { ConsumerProblem, TopicPartitions } from "../../client/index.ts";

/** The same failure is told once in so long. */
const repeatMs = 5_000;
/** A member that was given nothing for so long says so, once. */
const patienceMs = 2_000;

export class MemberNotes {
  readonly #write: (line: string) => void;
  readonly #isQuiet: boolean;
  readonly #nowMs: () => number;
  readonly #startedAtMs: number;
  readonly #toldAtMs = new Map<string, number>();
  #isWaitTold = false;

  /** @param isQuiet only failures are told */
  constructor(write: (line: string) => void, isQuiet: boolean, nowMs: () => number = () => performance.now()) {
    this.#write = write;
    this.#isQuiet = isQuiet;
    this.#nowMs = nowMs;
    this.#startedAtMs = nowMs();
  }

  assigned(partitions: readonly TopicPartitions[]): void {
    this.#isWaitTold = true;
    this.#note(`assigned ${listOf(partitions)}`);
  }

  revoked(partitions: readonly TopicPartitions[]): void {
    this.#note(`gave up ${listOf(partitions)}`);
  }

  lost(partitions: readonly TopicPartitions[], reason: Error): void {
    this.#write(`streamkeeper: lost ${listOf(partitions)}, and joins again: ${reason.message}\n`);
  }

  noTopic(topic: string): void {
    this.#isWaitTold = true;
    this.#note(`there is no topic ${topic}; waiting for it`);
  }

  /** Told once, to somebody who may wonder why nothing comes. */
  waiting(group: string): void {
    if (this.#isWaitTold || this.#nowMs() < this.#startedAtMs + patienceMs) return;
    this.#isWaitTold = true;
    this.#note(`no partition of group ${group} is free yet; see streamkeeper groups describe ${group}`);
  }

  problem({ error, during }: ConsumerProblem): void {
    const line = `streamkeeper: a ${during} failed, and is tried again: ${String(error)}\n`;
    const nowMs = this.#nowMs();
    if (nowMs < (this.#toldAtMs.get(during) ?? -Infinity) + repeatMs) return;
    this.#toldAtMs.set(during, nowMs);
    this.#write(line);
  }

  #note(text: string): void {
    if (!this.#isQuiet) this.#write(`% ${text}\n`);
  }
}

/** Such as `orders(0,2) returns(1)`. */
export function listOf(partitions: readonly TopicPartitions[]): string {
  return partitions.map(({ topic, partitions: numbers }) => `${topic}(${numbers.join(",")})`).join(" ");
}
