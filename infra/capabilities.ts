/** Every function of the deployment, with the memory and the time that it gets and why. */
import type { Capability } from "../shared/api/routes.ts";

/** Functions that no route leads to. */
type BackgroundCapability = "seal" | "reap" | "sweep" | "handover";
/** Functions that are there with push only. */
export type PushCapability = "push" | "notify";
/** A file in `functions/`, and one Lambda function. */
export type CapabilityName = Capability | BackgroundCapability | PushCapability;

export interface CapabilitySize {
  readonly description: string;
  /** Lambda gives CPU in proportion: 1,769 MB is one core. */
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** Executions at a time, set aside for it from the account's; as many as come when not given. */
  readonly concurrencyMax?: number;
}

/** An HTTP API answers 503 after 30 s whatever the function does, so nothing behind it may run longer. */
export const requestTimeoutSeconds = 29;

export const capabilitySizes: Readonly<Record<CapabilityName, CapabilitySize>> = {
  // One small write and read; whoever asks for health does not wait long for an answer.
  health: { description: "Answers whether storage can be written and read", memoryMb: 512, timeoutSeconds: 10 },
  // Holds the znode tree, and catches up with its log when it is cold.
  topics: { description: "Namespaces and topics", memoryMb: 1024, timeoutSeconds: requestTimeoutSeconds },
  // Decodes up to 4.5 MB of JSON or of batches and checks every CRC: CPU decides how long the caller waits.
  produce: { description: "Appends records to partitions", memoryMb: 1024, timeoutSeconds: requestTimeoutSeconds },
  // A long poll waits for up to 25 s, and waiting is billed by memory; 512 MB hold one answer, its batches and its JSON.
  fetch: { description: "Reads records from partitions", memoryMb: 512, timeoutSeconds: requestTimeoutSeconds },
  // Heartbeats are one small update; an acquisition decodes what a fetch does, and waits as long.
  groups: { description: "Consumer groups and share groups", memoryMb: 1024, timeoutSeconds: requestTimeoutSeconds },
  // A transaction in one call checks and appends as much as a produce, to many partitions at a time.
  transactions: { description: "Transactions", memoryMb: 1024, timeoutSeconds: requestTimeoutSeconds },
  // Holds the znode tree, and waits for locks and changes as fetch waits for records.
  znode: { description: "Znodes, multi and changes", memoryMb: 1024, timeoutSeconds: requestTimeoutSeconds },
  sessions: { description: "Sessions and their heartbeats", memoryMb: 1024, timeoutSeconds: requestTimeoutSeconds },
  election: { description: "Elections and locks", memoryMb: 1024, timeoutSeconds: requestTimeoutSeconds },
  // Loads the tree when it is cold, and then sends a few small requests.
  reap: { description: "Ends sessions and znodes whose time is over", memoryMb: 1024, timeoutSeconds: 30 },
  // Holds a segment of 64 MiB and what it is made of, and computes its indexes on a whole core.
  seal: { description: "Seals, retains and collects what partitions hold", memoryMb: 1769, timeoutSeconds: 120 },
  // One or a few small writes for each connection, and for each subscription that ends.
  push: { description: "Connections for hints, and what is said over them", memoryMb: 256, timeoutSeconds: 29 },
  // Runs with each batch of writes: a query or none, and posts that it waits for. Holds the trees that somebody watches.
  notify: { description: "Tells subscribers of logs that have grown", memoryMb: 512, timeoutSeconds: 30 },
  // Walks all topics, hourly while they are used: mostly waits, as long as Lambda lets it. Two at a time would do the same work.
  sweep: {
    description: "Finds duties that a lost wake-up left",
    memoryMb: 512,
    timeoutSeconds: 900,
    concurrencyMax: 1,
  },
  // Called by CloudFormation alone. Four partitions at a time, each with a segment that is held and built, as long as Lambda lets it.
  handover: {
    description: "Seals all partitions before the service is deleted",
    memoryMb: 1769,
    timeoutSeconds: 900,
  },
};
