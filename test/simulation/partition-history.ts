/** What the clients of a simulated partition did and were told, and the check of it with the log that stands at the end. */
import { checkLog } from "../../verify/check/check-log.ts";
import type { LogHistory, LogOperation } from "../../verify/history.ts";

/** One attempt of a client to append, from its call to what it was told last. */
export interface SendOperation {
  /** Unique in the history; record i of the batch holds `${value}/${i}`. */
  readonly value: string;
  readonly recordCount: number;
  readonly invokedMs: number;
  completedMs: number;
  /** `info`: nobody knows whether it happened. */
  outcome: "ok" | "fail" | "info";
  /** Base offset that was acknowledged. */
  offset: number;
  readonly expectedOffset?: number;
  readonly fencingToken?: number;
}

/** What one read returned. */
export interface PollOperation {
  readonly reader: string;
  readonly offset: number;
  readonly records: readonly (readonly [offset: number, value: string])[];
  readonly nextOffset: number;
}

export interface History {
  readonly sends: SendOperation[];
  readonly polls: PollOperation[];
}

type Records = readonly (readonly [offset: number, value: string])[];

const partition = "simulated-0";

/** The anomalies of a history, in words; none if the log kept its promises. `log` is all that can be read at the end. */
export function anomaliesOf(history: History, log: Records): string[] {
  const { anomalies } = checkLog(new Translation().logHistory(history, log), { isDense: true });
  return anomalies.map(({ name, detail }) => `${name}: ${detail}`);
}

/** Reads have no times here: they are checked against each other, and sends against time. */
const anyTime = { invokedAt: 0, answeredAt: Infinity };

/** The same for the checker of logs, which knows records by numbers, and each client as a process. */
class Translation {
  readonly #numbers = new Map<string, number>();
  /** By reader: its process, and where it went on. */
  readonly #readers = new Map<string, { readonly process: number; nextOffset: number }>();
  #processes = 0;

  logHistory({ sends, polls }: History, log: Records): LogHistory {
    const end: PollOperation = { reader: "the end", offset: 0, records: log, nextOffset: log.length };
    return {
      operations: [
        ...sends.map((send) => this.#send(send)),
        ...polls.flatMap((poll) => this.#poll(poll, false)),
        ...this.#poll(end, true),
      ],
    };
  }

  #send({ value, recordCount, invokedMs, completedMs, outcome, offset, ...conditions }: SendOperation): LogOperation {
    const { expectedOffset, fencingToken } = conditions;
    const values = Array.from({ length: recordCount }, (_, index) => this.#number(`${value}/${index}`));
    const offsets = outcome === "ok" ? values.map((_, index) => offset + index) : undefined;
    const step = { kind: "send", partition, values, offsets, expectedOffset, fencingToken } as const;
    const answeredAt = outcome === "info" ? Infinity : completedMs;
    const call = { process: this.#process(), invokedAt: invokedMs, answeredAt, outcome };
    return { ...call, kind: "work", isTransaction: false, steps: [step] };
  }

  #poll({ reader, offset, records, nextOffset }: PollOperation, isFinal: boolean): LogOperation[] {
    const known = this.#readers.get(reader) ?? { process: this.#process(), nextOffset: -1 };
    this.#readers.set(reader, known);
    const call = { ...anyTime, process: known.process, outcome: "ok" } as const;
    const offsets = records.map(([at]) => at);
    const values = records.map(([, value]) => this.#number(value));
    const poll = { kind: "poll", polled: [{ partition, offsets, values }] } as const;
    const work = { ...call, kind: "work", isTransaction: false, isFinal, steps: [poll] } as const;
    const isMoved = known.nextOffset !== offset;
    known.nextOffset = nextOffset;
    return isMoved ? [{ ...call, kind: "seek", partitions: [partition], offset }, work] : [work];
  }

  #process(): number {
    this.#processes += 1;
    return this.#processes;
  }

  #number(value: string): number {
    const number = this.#numbers.get(value) ?? this.#numbers.size;
    this.#numbers.set(value, number);
    return number;
  }
}
