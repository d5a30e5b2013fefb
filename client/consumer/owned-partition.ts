/** One partition for as long as this consumer owns it: what is buffered, handed out, processed and committed. */
import { Fifo } from "../coordination/fifo.ts";
import { PartitionNotOwnedError } from "./consumer-errors.ts";
import type { RecordPage } from "./consumer-record.ts";
import { keyOf } from "./topic-partition.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** `revoking`: nothing more is handed out, but what was processed is still to be committed. */
export type Ownership = "owned" | "revoking" | "gone";

/** The way from one offset on, without a seek or a step back; its signal aborts when it is over. */
export class Run {
  readonly #controller = new AbortController();
  readonly #superseded = new AbortController();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts when another run of the same partition takes its place: what is processed in this one counts no more. */
  get supersededSignal(): AbortSignal {
    return this.#superseded.signal;
  }

  /** @internal */
  end(isSuperseded: boolean, reason: Error): void {
    if (this.signal.aborted) return;
    if (isSuperseded) this.#superseded.abort(reason);
    this.#controller.abort(reason);
  }
}

export class OwnedPartition implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly #pages = new Fifo<RecordPage>();
  readonly #gone = new AbortController();
  #run = new Run();
  #ownership: Ownership = "owned";
  #bufferedBytes = 0;
  #fetchOffset: number | undefined;
  #processedOffset: number | undefined;
  #committedOffset: number | undefined;
  #highWatermark: number | undefined;
  #idle: PromiseWithResolvers<void> | undefined;
  /** Where the page ends that was taken last. */
  #takenUpTo: number | undefined;
  isPaused = false;
  isFetching = false;
  /** There was nothing to fetch, and it will be told when there is. */
  isListening = false;
  /** The number of its last fetch among those of all partitions. */
  lastFetch = 0;
  /** Not before this moment of the consumer's time is it fetched from again. */
  fetchRestsUntilMs = 0;
  /** Not before this moment is it handed out again. */
  restsUntilMs = 0;
  /** Handlers that failed in a row, without a record processed in between. */
  failures = 0;
  /** Fetches that failed in a row. */
  fetchFailures = 0;

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic;
    this.partition = partition;
    this.key = keyOf({ topic, partition });
  }

  get ownership(): Ownership {
    return this.#ownership;
  }

  /** Aborts when the partition is no longer this consumer's. */
  get goneSignal(): AbortSignal {
    return this.#gone.signal;
  }

  get run(): Run {
    return this.#run;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get bufferedPages(): number {
    return this.#pages.length;
  }

  /** The next record to fetch; undefined while nobody knows where to begin. */
  get fetchOffset(): number | undefined {
    return this.#fetchOffset;
  }

  /** The next record to process: all before it have been. */
  get processedOffset(): number | undefined {
    return this.#processedOffset;
  }

  /** As it was told last; undefined until something was. */
  get highWatermark(): number | undefined {
    return this.#highWatermark;
  }

  /** Records handed out are being processed. */
  get isAtWork(): boolean {
    return this.#idle !== undefined;
  }

  /** The offset to commit, where it is another than the one that is committed. */
  get uncommittedOffset(): number | undefined {
    return this.#processedOffset === this.#committedOffset ? undefined : this.#processedOffset;
  }

  /**
   * Where to begin, if nobody has sought meanwhile.
   *
   * @param committed whether the group's offset says so; else it is yet to be committed
   */
  start(offset: number, committed: boolean): void {
    if (this.#fetchOffset !== undefined) return;
    this.#fetchOffset = offset;
    this.#processedOffset = offset;
    if (committed) this.#committedOffset = offset;
  }

  /** Goes on at an offset, in place of wherever it was. */
  seek(offset: number): void {
    this.#fetchOffset = offset;
    this.#processedOffset = offset;
    this.failures = 0;
    this.restsUntilMs = 0;
    this.fetchRestsUntilMs = 0;
    this.#newRun(true);
  }

  /** Drops what is buffered: all from what is to be processed next on will be fetched again. */
  stepBack(): void {
    this.#fetchOffset = this.#processedOffset;
    this.#newRun(true);
  }

  /** What a fetch of the present run brought. */
  add(page: RecordPage): void {
    this.#highWatermark = page.highWatermark;
    const hasAllBefore = this.#pages.length === 0 && !this.isAtWork && this.#processedOffset === this.#fetchOffset;
    this.#fetchOffset = page.nextOffset;
    if (page.records.length > 0) {
      this.#pages.push(page);
      this.#bufferedBytes += page.bytes;
    } else if (hasAllBefore) {
      // Nothing but control records, or nothing at all: there is nothing to process before it either.
      this.#processedOffset = page.nextOffset;
    }
  }

  /** The next page, to be processed; whoever takes it calls `processed`, and `finished` in the end. */
  take(): RecordPage | undefined {
    const page = this.#pages.shift();
    if (page === undefined) return undefined;
    this.#bufferedBytes -= page.bytes;
    this.#takenUpTo = page.nextOffset;
    this.#idle = Promise.withResolvers<void>();
    return page;
  }

  /** All records before an offset have been processed. */
  processed(nextOffset: number): void {
    if (this.#processedOffset === undefined || nextOffset <= this.#processedOffset) return;
    this.#processedOffset = nextOffset;
    this.failures = 0;
  }

  finished(): void {
    // Behind the last page with records there may have come some without.
    const isAtEnd = this.#pages.length === 0 && this.#processedOffset === this.#takenUpTo;
    if (isAtEnd && this.#fetchOffset !== undefined) this.#processedOffset = this.#fetchOffset;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Resolves when nothing of it is being processed. */
  idle(): Promise<void> {
    return this.#idle?.promise ?? Promise.resolve();
  }

  committed(offset: number): void {
    this.#committedOffset = offset;
  }

  /** From now on nothing is handed out. */
  beginRevocation(): void {
    if (this.#ownership !== "owned") return;
    this.#ownership = "revoking";
    this.#newRun(false);
  }

  /** From now on nothing may be committed either. */
  giveUp(): void {
    if (this.#ownership === "gone") return;
    this.#ownership = "gone";
    this.#newRun(false);
    this.#gone.abort(new PartitionNotOwnedError(this));
  }

  #newRun(isSuperseded: boolean): void {
    this.#run.end(
      isSuperseded,
      isSuperseded ? new Error("another offset was sought") : new PartitionNotOwnedError(this),
    );
    this.#run = new Run();
    this.#pages.clear();
    this.#bufferedBytes = 0;
    this.#takenUpTo = undefined;
  }
}
