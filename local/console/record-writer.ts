import type { ReadRecord } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import type { Output } from "./output.ts";
import type { RecordFormatter } from "./record-format.ts";

/** Writes records of several partitions, page by page, up to a count. */
export class RecordWriter {
  readonly #output: Output;
  readonly #formatter: RecordFormatter;
  readonly #countMax: number;
  readonly #unbuffered: boolean;
  written = 0;

  constructor(output: Output, formatter: RecordFormatter, countMax: number, unbuffered: boolean) {
    this.#output = output;
    this.#formatter = formatter;
    this.#countMax = countMax;
    this.#unbuffered = unbuffered;
  }

  get isDone(): boolean {
    return this.written >= this.#countMax;
  }

  /** Answers how many of them it has written. */
  async write(records: readonly ReadRecord[], topic: string): Promise<number> {
    const taken = records.slice(0, Math.max(0, this.#countMax - this.written));
    // Counted before the first wait, so that two partitions do not both take the last place.
    this.written += taken.length;
    if (!this.#unbuffered) {
      await this.#output.write(Buffer.concat(taken.map((record) => this.#formatter(record, topic))));
      return taken.length;
    }
    for (const record of taken) await this.#output.write(this.#formatter(record, topic));
    return taken.length;
  }
}

/** Of keys and values. */
export function sizeOf(records: readonly ReadRecord[]): number {
  return records.reduce((bytes, { key, value }) => bytes + (key?.length ?? 0) + (value?.length ?? 0), 0);
}

/** What `--count` says; without it all. @throws CommandError if the text is no count */
export function parseCount(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new CommandError(`--count must be a whole number from 1 on: ${text}`);
  return Number(text);
}
