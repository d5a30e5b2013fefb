import type { CommandSender } from "../command.ts";
import { AcknowledgeRecordsCommand } from "../commands/acknowledge-records-command.ts";
import type { AcknowledgementInput, AcknowledgeRecordsOutput } from "../commands/acknowledge-records-command.ts";
import type { AcquiredRecord } from "../commands/acquire-records-command.ts";
import { patiently } from "../coordination/send-patiently.ts";
import { pause } from "../coordination/time.ts";
import { isServiceException, NoAnswerException } from "../exceptions.ts";
import { retryDelayMs } from "../middleware/retry-policy.ts";

/** What a worker says of a record. */
export type Verdict = "accept" | "release" | "reject";

/** Times that a lock is renewed while it lasts. */
const renewalsPerLock = 3;
const pauseAfterFailureMs = 1_000;
/** Times that what failed of one request for a moment is said again at once. */
const attemptsMax = 5;

/**
 * The locks of the records of one answer: renewed together while any of them is at work. One acknowledgement is on its way at
 * a time; what is said meanwhile goes with the next, neighbours as one range.
 */
export class Leases implements AsyncDisposable {
  readonly #client: CommandSender;
  readonly #names: { readonly group: string; readonly namespace: string | undefined };
  readonly #memberId: string;
  /** What is not settled yet, and who hears when it is no longer the worker's. */
  readonly #held: Map<AcquiredRecord, AbortController>;
  readonly #closing: AbortSignal | undefined;
  readonly #ended = new AbortController();
  readonly #renewal: Promise<void>;
  #said: AcknowledgementInput[] = [];
  #sending: Promise<void> | undefined;

  /** @param closing once it has aborted, nobody waits for failures to pass */
  constructor(
    client: CommandSender,
    names: { readonly group: string; readonly namespace: string | undefined },
    memberId: string,
    { records, lockMs }: { readonly records: readonly AcquiredRecord[]; readonly lockMs: number },
    closing: AbortSignal | undefined,
  ) {
    this.#client = client;
    this.#names = names;
    this.#memberId = memberId;
    this.#closing = closing;
    this.#held = new Map(records.map((record) => [record, new AbortController()]));
    this.#renewal = this.#renew(lockMs);
  }

  /** Aborts when the record is no longer the worker's; has aborted for what is settled. */
  signalOf(record: AcquiredRecord): AbortSignal {
    return this.#held.get(record)?.signal ?? AbortSignal.abort();
  }

  /** A lock that is over may have given the record to somebody else, who says then what becomes of it. */
  settle(record: AcquiredRecord, type: Verdict): void {
    this.#held.delete(record);
    this.#said.push(acknowledgementOf(record, type));
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    // Looked at in the end.
    this.#sending.catch(() => undefined);
  }

  /** Gives back what is left, and waits for all answers. @throws StreamkeeperException what was said may not have been heard */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#renewal;
    for (const record of this.#held.keys()) this.#said.push(acknowledgementOf(record, "release"));
    await this.#sending?.catch(() => undefined);
    await patiently(() => this.#sendAll(), this.#closing);
  }

  async #sendAll(): Promise<void> {
    while (this.#said.length > 0) {
      const said = this.#said;
      this.#said = [];
      try {
        await this.#say(said);
      } catch (error) {
        this.#said = [...said, ...this.#said];
        throw error;
      }
    }
  }

  async #renew(lockMs: number): Promise<void> {
    const { signal } = this.#ended;
    let provenMs = performance.now();
    while (!signal.aborted) {
      await pause(lockMs / renewalsPerLock, signal);
      const held = [...this.#held].flatMap(([record, lost]) => (lost.signal.aborted ? [] : [record]));
      if (signal.aborted || held.length === 0) return;
      const sentMs = performance.now();
      try {
        const refused = await this.#say(held.map((record) => acknowledgementOf(record, "renew")));
        provenMs = sentMs;
        const places = new Set(refused.map(placeOf));
        this.#lose(held.filter((record) => places.has(placeOf(acknowledgementOf(record, "renew")))));
      } catch {
        if (performance.now() - provenMs < lockMs) {
          await pause(Math.min(pauseAfterFailureMs, lockMs / renewalsPerLock), signal);
        } else this.#lose(held);
      }
    }
  }

  #lose(records: readonly AcquiredRecord[]): void {
    const reason = new Error("the lock could not be renewed");
    for (const record of records) this.#held.get(record)?.abort(reason);
  }

  /** Answers what was refused for good, record by record: each is another's, or was settled before. */
  async #say(said: readonly AcknowledgementInput[]): Promise<readonly AcknowledgementInput[]> {
    const refused = await this.#acknowledge(joined(said));
    // A range is refused as a whole: of the others' records it goes for itself.
    const ranges = refused.filter(({ firstOffset, lastOffset }) => lastOffset > firstOffset);
    const single = refused.filter(({ firstOffset, lastOffset }) => lastOffset === firstOffset);
    return ranges.length === 0 ? single : [...single, ...(await this.#acknowledge(ranges.flatMap(singles)))];
  }

  /** Answers what was refused for good. */
  async #acknowledge(said: readonly AcknowledgementInput[]): Promise<readonly AcknowledgementInput[]> {
    const refused: AcknowledgementInput[] = [];
    let left = said;
    for (let attempts = 1; ; attempts += 1) {
      const results = await this.#send(left);
      const passing = results.filter(mayPass);
      refused.push(...results.filter((result) => result.error !== undefined && !mayPass(result)).map(plain));
      left = passing.map(plain);
      const [first] = passing;
      if (first === undefined) return refused;
      if (attempts === attemptsMax) {
        throw new NoAnswerException("lost", `not acknowledged: ${first.error?.message ?? ""}`, true);
      }
      await pause(retryDelayMs(attempts, Math.random()));
    }
  }

  async #send(acknowledgements: readonly AcknowledgementInput[]): Promise<readonly Result[]> {
    const command = new AcknowledgeRecordsCommand({ ...this.#names, memberId: this.#memberId, acknowledgements });
    try {
      const { results } = await this.#client.send(command);
      return results;
    } catch (error) {
      // The group was deleted: nobody waits for the answer.
      if (isServiceException(error, "GROUP_ID_NOT_FOUND")) return [];
      throw error;
    }
  }
}

type Result = AcknowledgeRecordsOutput["results"][number];

/** A topic that was deleted does not come back with its records. */
function mayPass({ error }: Result): boolean {
  return error !== undefined && error.retriable && error.error !== "UNKNOWN_TOPIC_OR_PARTITION";
}

function plain(result: Result): AcknowledgementInput {
  const { topic, partition, firstOffset, lastOffset, type } = result;
  return { topic, partition, firstOffset, lastOffset, type };
}

function singles(range: AcknowledgementInput): readonly AcknowledgementInput[] {
  const { firstOffset, lastOffset } = range;
  return Array.from({ length: lastOffset - firstOffset + 1 }, (_, index) => {
    return { ...range, firstOffset: firstOffset + index, lastOffset: firstOffset + index };
  });
}

function placeOf({ topic, partition, firstOffset }: AcknowledgementInput): string {
  return `${topic}/${partition}/${firstOffset}`;
}

function acknowledgementOf(
  { topic, partition, offset }: AcquiredRecord,
  type: AcknowledgementInput["type"],
): AcknowledgementInput {
  return { topic, partition, firstOffset: offset, lastOffset: offset, type };
}

/** Neighbours of one partition of which the same was said become one range. */
function joined(all: readonly AcknowledgementInput[]): readonly AcknowledgementInput[] {
  const sorted = all.toSorted(
    (one, other) =>
      one.topic.localeCompare(other.topic) || one.partition - other.partition || one.firstOffset - other.firstOffset,
  );
  const ranges: AcknowledgementInput[] = [];
  for (const one of sorted) {
    const last = ranges.at(-1);
    const continues =
      last?.topic === one.topic &&
      last.partition === one.partition &&
      last.type === one.type &&
      last.lastOffset + 1 === one.firstOffset;
    if (last !== undefined && continues) ranges[ranges.length - 1] = { ...last, lastOffset: one.lastOffset };
    else ranges.push(one);
  }
  return ranges;
}
