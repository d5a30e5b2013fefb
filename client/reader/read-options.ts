import { fetchBytesDefault, fetchBytesMax, fetchWaitMsMax } from "../../shared/limits.ts";

export interface ReadPartitionOptions {
  readonly topic: string;
  readonly partition: number;
  /** Default: the client's. */
  readonly namespace?: string;
  /** Where to begin; with a timestamp (ms) at the first record at or after it. Default `earliest`. */
  readonly from?: "earliest" | "latest" | number | { readonly timestamp: number };
  /** Where to go on when the next offset is not, or no longer, in the log. Default `error`: the iterator throws. */
  readonly reset?: "earliest" | "latest" | "error";
  /** End after the last record that is there, in place of waiting for more. Default false. */
  readonly stopAtEnd?: boolean;
  /** Longest wait of one request for new records, at most 25,000. Default 20,000. */
  readonly waitMs?: number;
  /** Size of one request's answer; a larger batch is answered whole. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Ask for what comes next while the caller still works; at most one answer is kept. Default true. */
  readonly prefetch?: boolean;
  /** Ask again after a failure that may pass, until nothing has succeeded for so long. Default 120,000. */
  readonly giveUpAfterMs?: number;
  /** Default `read_uncommitted`, as the Java client. */
  readonly isolation?: "read_uncommitted" | "read_committed";
  /** Ends the iteration with an `AbortError`. */
  readonly signal?: AbortSignal;
}

export type ReadConfiguration = Required<Omit<ReadPartitionOptions, "namespace" | "signal">> & {
  readonly namespace: string | undefined;
};

/** An HTTP API ends a request at 30 s; a longer wait costs fewer requests and no more latency. */
const waitMsDefault = 20_000;
const giveUpAfterMsDefault = 120_000;

/** Checks the options and fills in the defaults. @throws TypeError for an option that cannot be */
export function resolveReadOptions(options: ReadPartitionOptions): ReadConfiguration {
  const waitMs = options.waitMs ?? waitMsDefault;
  if (!(waitMs >= 0 && waitMs <= fetchWaitMsMax)) throw new TypeError(`waitMs must be from 0 to ${fetchWaitMsMax}`);
  const maxBytes = options.maxBytes ?? fetchBytesDefault;
  if (!(maxBytes >= 1 && maxBytes <= fetchBytesMax)) throw new TypeError(`maxBytes must be from 1 to ${fetchBytesMax}`);
  const stopAtEnd = options.stopAtEnd ?? false;
  return {
    topic: options.topic,
    namespace: options.namespace,
    partition: options.partition,
    from: options.from ?? "earliest",
    reset: options.reset ?? "error",
    stopAtEnd,
    waitMs: stopAtEnd ? 0 : waitMs,
    maxBytes,
    prefetch: options.prefetch ?? true,
    giveUpAfterMs: options.giveUpAfterMs ?? giveUpAfterMsDefault,
    isolation: options.isolation ?? "read_uncommitted",
  };
}
