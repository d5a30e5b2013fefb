/** What one operation did. */
export interface OperationResult {
  readonly records: number;
  readonly bytes: number;
}

export interface Measurement {
  readonly operations: number;
  readonly records: number;
  readonly bytes: number;
  readonly elapsedMs: number;
  /** Processor time of the process that holds the log. */
  readonly cpuMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface MeasureOptions {
  readonly seconds: number;
  /** Operations under way at once. */
  readonly concurrency: number;
  /** Run before, without being counted: code gets compiled and connections opened. */
  readonly warmUpSeconds?: number;
  /** Processor time so far. Default: this process's. */
  readonly cpuMs?: () => Promise<number>;
}

/** Latencies kept; beyond it every second one is dropped, again and again. */
const latenciesMax = 100_000;

/** Runs an operation over and over, and counts until the last that was begun in time is done. */
export async function measure(
  options: MeasureOptions,
  operation: (worker: number) => Promise<OperationResult>,
): Promise<Measurement> {
  const { seconds, warmUpSeconds = Math.min(1, seconds / 2) } = options;
  if (warmUpSeconds > 0) await run(warmUpSeconds, options, operation);
  return run(seconds, options, operation);
}

async function run(
  seconds: number,
  { concurrency, cpuMs = ownCpuMs }: MeasureOptions,
  operation: (worker: number) => Promise<OperationResult>,
): Promise<Measurement> {
  const latencies = new Latencies();
  let operations = 0;
  let records = 0;
  let bytes = 0;
  const cpuBeforeMs = await cpuMs();
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  const loop = async (worker: number): Promise<void> => {
    for (let beganMs = performance.now(); beganMs < endMs;) {
      const result = await operation(worker);
      operations += 1;
      records += result.records;
      bytes += result.bytes;
      const nowMs = performance.now();
      latencies.add(nowMs - beganMs);
      beganMs = nowMs;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, worker) => loop(worker)));
  const elapsedMs = performance.now() - startMs;
  const cpuAfterMs = await cpuMs();
  return { operations, records, bytes, elapsedMs, cpuMs: cpuAfterMs - cpuBeforeMs, ...latencies.percentiles() };
}

function ownCpuMs(): Promise<number> {
  const { user, system } = process.cpuUsage();
  return Promise.resolve((user + system) / 1_000);
}

class Latencies {
  #kept: number[] = [];
  #every = 1;
  #seen = 0;

  add(ms: number): void {
    this.#seen += 1;
    if (this.#seen % this.#every !== 0) return;
    this.#kept.push(ms);
    if (this.#kept.length < latenciesMax) return;
    this.#kept = this.#kept.filter((_, index) => index % 2 === 0);
    this.#every *= 2;
  }

  percentiles(): { readonly p50Ms: number; readonly p99Ms: number } {
    const sorted = this.#kept.toSorted((left, right) => left - right);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { p50Ms: at(0.5), p99Ms: at(0.99) };
  }
}
