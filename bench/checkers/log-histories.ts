/** Histories of a log that kept every promise. */
import type { LogHistory, LogOperation, LogStep, SendStep } from "../../verify/history.ts";
import { SerialCalls, type SerialOptions } from "./serial-calls.ts";

const partitionsCount = 8;
const pollRecordsMax = 20;
const finalRecords = 500;

interface SerialPartition {
  readonly partition: string;
  /** What readers of committed records see. */
  readonly offsets: number[];
  readonly values: number[];
  end: number;
}

export interface LogHistoryOptions extends SerialOptions {
  /** Share of the operations that are transactions. */
  readonly transactions: number;
}

export function logHistory(options: LogHistoryOptions): LogHistory {
  return new SerialLog(options).run();
}

class SerialLog {
  readonly #options: LogHistoryOptions;
  readonly #calls: SerialCalls;
  readonly #partitions: readonly SerialPartition[];
  /** By client: how many records of its partition it has polled. */
  readonly #positions: number[];
  readonly #operations: LogOperation[] = [];
  #values = 0;

  constructor(options: LogHistoryOptions) {
    this.#options = options;
    this.#calls = new SerialCalls(options);
    this.#positions = Array.from({ length: options.clients }, () => 0);
    this.#partitions = Array.from({ length: partitionsCount }, (_, index) => ({
      partition: `p${index}`,
      offsets: [],
      values: [],
      end: 0,
    }));
  }

  run(): LogHistory {
    const calls = this.#calls;
    while (!calls.isOver) {
      const choice = calls.below(100) / 100;
      if (choice < this.#options.transactions) this.#transact();
      else if (choice > 0.98) this.#restart();
      else if (calls.chance(0.5)) this.#send();
      else this.#poll();
    }
    this.#readAll();
    return { operations: this.#operations };
  }

  #send(): void {
    const { call, hasEffect } = this.#calls.next();
    const place = this.#partition(this.#calls.below(partitionsCount));
    const step = this.#append(place, 1 + this.#calls.below(3), hasEffect, call.outcome === "ok");
    this.#operations.push({ ...call, kind: "work", isTransaction: false, steps: [step] });
  }

  #poll(): void {
    const { client, call } = this.#calls.next();
    const step = this.#pollStep(client);
    this.#operations.push({ ...call, kind: "work", isTransaction: false, steps: call.outcome === "ok" ? [step] : [] });
  }

  /** Polls, then sends to two partitions; now and then it is aborted. */
  #transact(): void {
    const { client, call, hasEffect } = this.#calls.next();
    const isAborted = call.outcome === "ok" && this.#calls.chance(0.1);
    const polled = this.#pollStep(client);
    const first = this.#calls.below(partitionsCount);
    const isVisible = hasEffect && !isAborted;
    const sends = [first, (first + 1) % partitionsCount].map((index) => {
      const place = this.#partition(index);
      const step = this.#append(place, 1 + this.#calls.below(2), isVisible, true);
      // The control record that ends it.
      place.end += 1;
      return step;
    });
    const outcome = isAborted ? "fail" : call.outcome;
    this.#operations.push({ ...call, outcome, kind: "work", isTransaction: true, steps: [polled, ...sends] });
  }

  /** The client goes on from an earlier place. */
  #restart(): void {
    const { client, call } = this.#calls.next();
    if (call.outcome !== "ok") return;
    const place = this.#partition(client);
    const position = this.#calls.below((this.#positions[client] ?? 0) + 1);
    this.#positions[client] = position;
    const offset = place.offsets[position] ?? place.end;
    this.#operations.push({ ...call, kind: "seek", partitions: [place.partition], offset });
  }

  #append(place: SerialPartition, count: number, isVisible: boolean, isTold: boolean): SendStep {
    const values = Array.from({ length: count }, (_, index) => this.#values + index);
    this.#values += count;
    const offsets = values.map((_, index) => place.end + index);
    if (isVisible) {
      place.offsets.push(...offsets);
      place.values.push(...values);
    }
    if (isVisible || isTold) place.end += count;
    return { kind: "send", partition: place.partition, values, ...(isTold ? { offsets } : {}) };
  }

  #pollStep(client: number): LogStep {
    const place = this.#partition(client);
    const from = this.#positions[client] ?? 0;
    const to = Math.min(place.values.length, from + 1 + this.#calls.below(pollRecordsMax));
    this.#positions[client] = to;
    return this.#records(place, from, to);
  }

  #records({ partition, offsets, values }: SerialPartition, from: number, to: number): LogStep {
    return { kind: "poll", polled: [{ partition, offsets: offsets.slice(from, to), values: values.slice(from, to) }] };
  }

  #readAll(): void {
    const process = -1;
    let time = this.#calls.now + 1_000_000;
    for (const place of this.#partitions) {
      for (let from = 0; from === 0 || from < place.values.length; from += finalRecords) {
        time += 1;
        const call = { process, invokedAt: time, answeredAt: time, outcome: "ok" } as const;
        const step = this.#records(place, from, from + finalRecords);
        this.#operations.push({ ...call, kind: "work", isTransaction: false, isFinal: true, steps: [step] });
      }
    }
  }

  #partition(index: number): SerialPartition {
    const place = this.#partitions[index % partitionsCount];
    if (place === undefined) throw new Error(`there is no partition ${index}`);
    return place;
  }
}
