import type { CommandSender } from "./command.ts";
import { AcquireRecordsCommand } from "./commands/acquire-records-command.ts";
import type { AcquiredRecord } from "./commands/acquire-records-command.ts";
import { callSafely } from "./coordination/call-safely.ts";
import { patiently } from "./coordination/send-patiently.ts";
import { Leases } from "./share/leases.ts";
import type { Verdict } from "./share/leases.ts";

export interface ShareConsumerOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Default: the client's. */
  readonly namespace?: string;
  /** Records that are taken at once, 1 to 1,000. Default 100. */
  readonly maxRecords?: number;
  /** Size of one answer. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Longest wait of one request for records, at most 25,000. Default 20,000. */
  readonly waitMs?: number;
  /** Records that are handled at the same time. Default 1. */
  readonly concurrency?: number;
  /** Told of each handler that fails; its record is released, to be delivered again. Default: a warning of the process. */
  readonly onProblem?: (problem: ShareProblem) => void;
  /** Ends it: what is at work is finished, what is not begun is given back. */
  readonly signal?: AbortSignal;
}

/** A handler failed, and the consumer goes on. */
export interface ShareProblem {
  readonly error: unknown;
  readonly record: AcquiredRecord;
}

/** A record, and what may be said of it; unless something else is said it is accepted when its handler resolves. */
export interface ShareDelivery {
  readonly record: AcquiredRecord;
  /** To be delivered again, to this or another worker. */
  release(): void;
  /** Never to be delivered again: to the dead-letter topic, if the group has one. */
  reject(): void;
  /** Aborts when the record is no longer this worker's: its lock could not be renewed. */
  readonly signal: AbortSignal;
}

const maxRecordsDefault = 100;
const maxBytesDefault = 1_048_576;
const waitMsDefault = 20_000;

/**
 * Works off topics as a queue (KIP-932), together with any number of others of the same group:
 *
 *     await new ShareConsumer(client, { group: "mail", topics: ["outbox"], signal }).run(async ({ record }) => send(record));
 *
 * Each record is delivered until a handler resolves, at least once. A handler that throws releases its record; one that was
 * delivered too often goes to the dead-letter topic. Locks are renewed for as long as a handler is at work.
 */
export class ShareConsumer {
  readonly memberId: string = crypto.randomUUID();
  readonly #client: CommandSender;
  readonly #options: ShareConsumerOptions;

  /** @throws TypeError for an option that cannot be */
  constructor(client: CommandSender, options: ShareConsumerOptions) {
    const { concurrency = 1, maxRecords = maxRecordsDefault } = options;
    const group: unknown = options.group;
    if (typeof group !== "string" || group === "") throw new TypeError("group must be a string that is not empty");
    if (!Number.isInteger(concurrency) || concurrency < 1) throw new TypeError("concurrency must be 1 or more");
    if (!Number.isInteger(maxRecords) || maxRecords < 1) throw new TypeError("maxRecords must be 1 or more");
    this.#client = client;
    this.#options = options;
  }

  /**
   * Handles records until the signal aborts; resolves when what was at work is done and acknowledged.
   *
   * @throws StreamkeeperServiceException UNKNOWN_TOPIC_OR_PARTITION | INCONSISTENT_GROUP_PROTOCOL | INVALID_REQUEST
   */
  async run(handle: (delivery: ShareDelivery) => Promise<void> | void): Promise<void> {
    const { signal, concurrency = 1 } = this.#options;
    const isOver = (): boolean => signal?.aborted === true;
    while (!isOver()) {
      const acquired = await this.#acquire();
      const { records } = acquired;
      if (records.length === 0) continue;
      await using leases = new Leases(this.#client, this.#names, this.memberId, acquired, signal);
      const queue = [...records];
      const work = async (): Promise<void> => {
        for (let record = queue.shift(); record !== undefined; record = queue.shift()) {
          const lost = leases.signalOf(record);
          // What is another's by now is left to him.
          const isLeft = isOver() || lost.aborted;
          leases.settle(record, isLeft ? "release" : await this.#handled(record, lost, handle));
        }
      };
      await Promise.all(Array.from({ length: Math.min(concurrency, records.length) }, work));
    }
  }

  get #names(): { readonly group: string; readonly namespace: string | undefined } {
    return { group: this.#options.group, namespace: this.#options.namespace };
  }

  async #acquire(): Promise<{ readonly records: readonly AcquiredRecord[]; readonly lockMs: number }> {
    const { topics, signal } = this.#options;
    const command = new AcquireRecordsCommand({
      ...this.#names,
      topics,
      memberId: this.memberId,
      maxRecords: this.#options.maxRecords ?? maxRecordsDefault,
      maxBytes: this.#options.maxBytes ?? maxBytesDefault,
      waitMs: this.#options.waitMs ?? waitMsDefault,
    });
    try {
      const options = { maxAttempts: 1, ...(signal === undefined ? {} : { abortSignal: signal }) };
      return await patiently(() => this.#client.send(command, options), signal);
    } catch (error) {
      if (signal?.aborted === true) return { records: [], lockMs: 0 };
      throw error;
    }
  }

  async #handled(
    record: AcquiredRecord,
    signal: AbortSignal,
    handle: (delivery: ShareDelivery) => Promise<void> | void,
  ): Promise<Verdict> {
    let verdict: Verdict = "accept";
    try {
      await handle({
        record,
        signal,
        release: () => {
          verdict = "release";
        },
        reject: () => {
          verdict = "reject";
        },
      });
      return verdict;
    } catch (error) {
      this.#report({ error, record });
      return "release";
    }
  }

  #report(problem: ShareProblem): void {
    const { group, onProblem } = this.#options;
    if (onProblem !== undefined) return callSafely(() => onProblem(problem));
    const { error, record } = problem;
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const place = `${record.topic}/${record.partition} at ${record.offset}, delivery ${record.deliveryCount}`;
    process.emitWarning(`a handler failed in share group ${group} with ${place}: ${reason}`, "ConsumerWarning");
  }
}
