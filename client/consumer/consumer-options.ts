import { fetchBytesDefault, fetchBytesMax, fetchWaitMsMax } from "../../shared/limits.ts";
import { positive } from "../client-configuration.ts";
import { pause } from "../coordination/time.ts";
import type { ClientTime } from "../coordination/time.ts";
import type { TopicPartition, TopicPartitions } from "./topic-partition.ts";

/** Something went wrong, and the consumer goes on. */
export interface ConsumerProblem {
  readonly error: unknown;
  /**
   * `join`: the group cannot be reached, or another holds the instance id; `handler`: it is called again; `fetch`: the partition is asked for again; `commit`: an automatic one, the next covers it;
   * `callback`: one of `onAssigned`, `onRevoked` and `onLost` failed.
   */
  readonly during: "join" | "handler" | "fetch" | "commit" | "callback";
  readonly partition?: TopicPartition;
  /** The record that is next, where one is. */
  readonly offset?: number;
  /** Failures in a row. */
  readonly attempts?: number;
  readonly retryInMs?: number;
}

export interface ConsumerOptions {
  /** 1 to 249 characters. */
  readonly group: string;
  readonly topics?: readonly string[];
  /** All topics whose whole name matches (RE2 syntax), also those that are yet to come. */
  readonly topicPattern?: string;
  /** Default: the client's. */
  readonly namespace?: string;
  /** Where to begin where nothing is committed, or what is lies outside of the log; Kafka's `auto.offset.reset`. Default `latest`, as in Kafka. */
  readonly from?: "earliest" | "latest" | "error";
  /** After so long without a heartbeat others get the partitions. Default: the service's. */
  readonly sessionTimeoutMs?: number;
  /** How long a record at work, and `onRevoked`, may hold a partition back that is to be given up. Default 60,000, as in KafkaJS. */
  readonly rebalanceTimeoutMs?: number;
  /** A static member (KIP-345): one that comes back under it within its session keeps its partitions. */
  readonly instanceId?: string;
  /** The group follows the one that most of its members ask for. Default: the service's (`uniform`). */
  readonly assignor?: "uniform" | "range";
  /** A name for people who look at the group. */
  readonly clientId?: string;
  /** Default `read_committed`, as KafkaJS. */
  readonly isolation?: "read_uncommitted" | "read_committed";
  /** Default: every 5,000 ms. False: whoever wants offsets committed calls `commit`. */
  readonly autoCommit?: { readonly intervalMs: number } | false;
  /** Size of one fetch; a larger batch comes whole. Default 1 MiB. */
  readonly maxBytes?: number;
  /** A fetch waits until so many bytes are there, for at most `waitMs`. Default 1. */
  readonly minBytes?: number;
  /** Longest wait of one fetch for new records, at most 25,000. Default 20,000. */
  readonly waitMs?: number;
  /** No fetch begins while so many bytes wait to be processed. Default 32 MiB. */
  readonly maxBufferedBytes?: number;
  /** Fetches under way at once; with more partitions they take turns. Default 32. */
  readonly maxInFlightFetches?: number;
  /** How long `close` waits for the record at work, and for the last commit. Default 30,000. */
  readonly closeTimeoutMs?: number;
  /** Closes the consumer. */
  readonly signal?: AbortSignal;
  /** Partitions have come; awaited before the first record of them, so that it may `seek`. */
  readonly onAssigned?: (partitions: readonly TopicPartitions[]) => void | Promise<void>;
  /** Partitions are to go; awaited before they are given up: what was processed can still be committed. */
  readonly onRevoked?: (partitions: readonly TopicPartitions[]) => void | Promise<void>;
  /** Partitions are gone without notice, and perhaps another's already: nothing of them can be committed. */
  readonly onLost?: (partitions: readonly TopicPartitions[], reason: Error) => void | Promise<void>;
  /** Told of what goes wrong and passes. Default: a warning of the process. */
  readonly onProblem?: (problem: ConsumerProblem) => void;
  readonly time?: ClientTime;
  /** From 0 to 1, for the jitter of pauses. */
  readonly random?: () => number;
}

type Given =
  | "group"
  | "topics"
  | "topicPattern"
  | "namespace"
  | "sessionTimeoutMs"
  | "instanceId"
  | "assignor"
  | "clientId";
type Callbacks = "signal" | "onAssigned" | "onRevoked" | "onLost" | "onProblem";

export type ConsumerConfiguration = Pick<ConsumerOptions, Given> &
  Required<Omit<ConsumerOptions, Given | Callbacks | "autoCommit">> & {
    /** Undefined: no automatic commits. */
    readonly autoCommitIntervalMs: number | undefined;
  };

const rebalanceTimeoutMsDefault = 60_000;
const autoCommitIntervalMsDefault = 5_000;
/** An HTTP API ends a request at 30 s; a longer wait costs fewer requests and no more latency. */
const waitMsDefault = 20_000;
const maxBufferedBytesDefault = 32 * 1024 * 1024;
/** Of the 50 connections that a client has for long polls. */
const maxInFlightFetchesDefault = 32;
const closeTimeoutMsDefault = 30_000;

/** Its timers keep the process alive: while a consumer is open, somebody waits for records. */
const consumerTime: ClientTime = { nowMs: () => performance.now(), sleep: pause };

/** Checks the options and fills in the defaults. @throws TypeError for an option that cannot be */
export function resolveConsumerOptions(options: ConsumerOptions): ConsumerConfiguration {
  const { group, topics, topicPattern, namespace, sessionTimeoutMs, instanceId, assignor, clientId } = options;
  checkNames(options);
  if ((topics === undefined || topics.length === 0) && topicPattern === undefined) {
    throw new TypeError("a consumer needs topics or a topicPattern");
  }
  const { autoCommit = { intervalMs: autoCommitIntervalMsDefault } } = options;
  return {
    group,
    topics,
    topicPattern,
    namespace,
    sessionTimeoutMs: sessionTimeoutMs === undefined ? undefined : positive(sessionTimeoutMs, "sessionTimeoutMs"),
    instanceId,
    assignor,
    clientId,
    from: options.from ?? "latest",
    rebalanceTimeoutMs: positive(options.rebalanceTimeoutMs ?? rebalanceTimeoutMsDefault, "rebalanceTimeoutMs"),
    isolation: options.isolation ?? "read_committed",
    autoCommitIntervalMs: autoCommit === false ? undefined : positive(autoCommit.intervalMs, "autoCommit.intervalMs"),
    maxBytes: within(options.maxBytes ?? fetchBytesDefault, 1, fetchBytesMax, "maxBytes"),
    minBytes: within(options.minBytes ?? 1, 0, fetchBytesMax, "minBytes"),
    waitMs: within(options.waitMs ?? waitMsDefault, 0, fetchWaitMsMax, "waitMs"),
    maxBufferedBytes: positive(options.maxBufferedBytes ?? maxBufferedBytesDefault, "maxBufferedBytes"),
    maxInFlightFetches: positive(options.maxInFlightFetches ?? maxInFlightFetchesDefault, "maxInFlightFetches"),
    closeTimeoutMs: positive(options.closeTimeoutMs ?? closeTimeoutMsDefault, "closeTimeoutMs"),
    time: options.time ?? consumerTime,
    random: options.random ?? Math.random,
  };
}

/** Also for JavaScript, where `groupId` and a RegExp come through: they would make a member of the group `undefined`. */
function checkNames({ group, topics, topicPattern, from = "latest" }: ConsumerOptions): void {
  const [name, pattern]: readonly unknown[] = [group, topicPattern];
  if (typeof name !== "string" || name === "") throw new TypeError("group must be a string that is not empty");
  if (topics !== undefined && !Array.isArray(topics)) throw new TypeError("topics must be a list of names");
  if (pattern !== undefined && typeof pattern !== "string") throw new TypeError("topicPattern must be a string");
  if (!["earliest", "latest", "error"].includes(from)) throw new TypeError("from must be earliest, latest or error");
}

function within(value: number, min: number, max: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new TypeError(`${name} must be a whole number from ${min} to ${max}`);
}
