import type { CommandSender } from "../command.ts";
import { AcknowledgeRecordsCommand } from "../commands/acknowledge-records-command.ts";
import type { AcknowledgementInput } from "../commands/acknowledge-records-command.ts";
import type { AcquiredRecord } from "../commands/acquire-records-command.ts";
import { isServiceException } from "../exceptions.ts";
import { pause } from "../coordination/time.ts";

/** What a worker says of a record. */
export type Verdict = "accept" | "release" | "reject";

/** Times that a lock is renewed while it lasts. */
const renewalsPerLock = 3;
const pauseAfterFailureMs = 1_000;

/**
 * The locks of the records of one answer: renewed together while any of them is at work. One acknowledgement is on its way at
 * a time; what is said meanwhile goes with the next, neighbours as one range.
 */
export class Leases implements AsyncDisposable {
  readonly #client: CommandSender;
  readonly #names: { readonly group: string; readonly namespace: string | undefined };
  readonly #memberId: string;
  readonly #held: Set<AcquiredRecord>;
  readonly #lost = new AbortController();
  readonly #ended = new AbortController();
  readonly #renewal: Promise<void>;
  #said: AcknowledgementInput[] = [];
  #sending: Promise<void> | undefined;

  constructor(
    client: CommandSender,
    names: { readonly group: string; readonly namespace: string | undefined },
    memberId: string,
    records: readonly AcquiredRecord[],
    lockMs: number,
  ) {
    this.#client = client;
    this.#names = names;
    this.#memberId = memberId;
    this.#held = new Set(records);
    this.#renewal = this.#renew(lockMs);
  }

  /** Aborts when the records are no longer the worker's. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** A lock that is over has given the record to somebody else, who says what becomes of it. */
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
    for (const record of this.#held) this.#said.push(acknowledgementOf(record, "release"));
    await this.#sending?.catch(() => undefined);
    await this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    while (this.#said.length > 0) {
      const said = this.#said;
      this.#said = [];
      try {
        await this.#acknowledge(joined(said));
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
      if (signal.aborted || this.#held.size === 0) return;
      const sentMs = performance.now();
      try {
        await this.#acknowledge(joined([...this.#held].map((one) => acknowledgementOf(one, "renew"))));
        provenMs = sentMs;
      } catch {
        if (performance.now() - provenMs < lockMs) {
          await pause(Math.min(pauseAfterFailureMs, lockMs / renewalsPerLock), signal);
        } else this.#lost.abort(new Error("the locks could not be renewed"));
      }
    }
  }

  async #acknowledge(acknowledgements: readonly AcknowledgementInput[]): Promise<void> {
    const command = new AcknowledgeRecordsCommand({ ...this.#names, memberId: this.#memberId, acknowledgements });
    try {
      await this.#client.send(command);
    } catch (error) {
      // The group was deleted: nobody waits for the answer.
      if (!isServiceException(error, "GROUP_ID_NOT_FOUND")) throw error;
    }
  }
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
