/** What is asked of a deployment, as `streamkeeper cost` takes it. */

export interface Load {
  /** Written to topics, all of them together. */
  readonly writeMibPerSecond: number;
  /** Of one record: key and value. */
  readonly recordBytes: number;
  /** Records that a producer sends together, in bytes. */
  readonly batchBytes: number;
  readonly partitions: number;
  /** How often all that is written is read soon after it is written. */
  readonly consumers: number;
  /** How often all that is written is read later, from segments. */
  readonly replays: number;
  readonly retentionDays: number;
  /** A larger batch goes by reference: `streamkeeper.inline.max.bytes`. */
  readonly inlineBytesMax: number;
  readonly znodeWritesPerSecond: number;
  readonly znodeBytes: number;
  /** Linearizable reads. */
  readonly znodeReadsPerSecond: number;
  /** Reads that a function answers from memory: session-consistent ones. */
  readonly cachedReadsPerSecond: number;
  readonly sessions: number;
  readonly sessionTimeoutSeconds: number;
  /** Requests by function URLs, which are free; else by an HTTP API. */
  readonly functionUrls: boolean;
  /**
   * The deployment has push: each batch of writes calls a function, and consumers are told over WebSocket that there is something
   * to read. Else they poll, and each poll waits in a function.
   */
  readonly push: boolean;
  readonly alarms: number;
  readonly metrics: number;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
}

type Quantity = { [Name in keyof Load]: Load[Name] extends number ? Name : never }[keyof Load];

/** What each quantity may be, and what it is where nothing is said: nothing is asked. */
export const loadBounds: Readonly<Record<Quantity, Bounds>> = {
  writeMibPerSecond: { min: 0, max: 100_000, fallback: 0 },
  recordBytes: { min: 1, max: 1_048_576, fallback: 1_024 },
  // What one produce takes is bounded by Lambda's 6 MB.
  batchBytes: { min: 64, max: 4_194_304, fallback: 65_536 },
  partitions: { min: 1, max: 100_000, fallback: 1 },
  consumers: { min: 0, max: 1_000, fallback: 1 },
  replays: { min: 0, max: 1_000, fallback: 0 },
  retentionDays: { min: 0.01, max: 36_500, fallback: 7 },
  inlineBytesMax: { min: 0, max: 350_000, fallback: 16_384 },
  znodeWritesPerSecond: { min: 0, max: 100_000, fallback: 0 },
  znodeBytes: { min: 0, max: 1_048_575, fallback: 256 },
  znodeReadsPerSecond: { min: 0, max: 1_000_000, fallback: 0 },
  cachedReadsPerSecond: { min: 0, max: 1_000_000, fallback: 0 },
  sessions: { min: 0, max: 1_000_000, fallback: 0 },
  sessionTimeoutSeconds: { min: 2, max: 3_600, fallback: 30 },
  // Those of the stack; a test counts them.
  alarms: { min: 0, max: 10_000, fallback: 45 },
  metrics: { min: 0, max: 1_000_000, fallback: 0 },
};

/**
 * A load with what is left out at its default.
 *
 * @throws RangeError naming the quantity that is out of its bounds
 */
export function describeLoad(given: Partial<Load>): Load {
  const quantities = Object.entries(loadBounds).map(([name, { min, max, fallback }]) => {
    const value = given[name as Quantity] ?? fallback;
    if (!(value >= min && value <= max)) throw new RangeError(`${name} is ${value}, not ${min} to ${max}`);
    return [name, value] as const;
  });
  return {
    ...(Object.fromEntries(quantities) as Record<Quantity, number>),
    functionUrls: given.functionUrls ?? false,
    push: given.push ?? true,
  };
}
