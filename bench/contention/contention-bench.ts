/** Many callers on one partition and on one tree, in virtual time and over the emulated DynamoDB. */
import { contendedLogs } from "./contended-log.ts";
import type { ContentionCell } from "./contention-report.ts";
import { EmulatedAws } from "./emulated-aws.ts";
import { emulateContention } from "./emulated-contention.ts";
import { simulateContention } from "./simulated-contention.ts";

export interface ContentionBenchOptions {
  readonly callers: readonly number[];
  /** Of each cell, virtual or real. */
  readonly durationMs: number;
  readonly pauseMsMax: number;
  readonly seed: number;
  /** Times as slow as a region the emulator is made: the more, the less this machine's own load counts. */
  readonly slowdown: number;
  /** Words of the cells that are wanted: `virtual`, `emulator`, `partition`, `tree`; all of them if none. */
  readonly only: readonly string[];
  readonly onCell: (cell: ContentionCell) => void;
}

const stores = ["virtual", "emulator"] as const;

export async function runContentionBench(options: ContentionBenchOptions): Promise<readonly ContentionCell[]> {
  const wanted = stores.flatMap((store) =>
    contendedLogs
      .filter((log) => options.only.every((word) => word === store || word === log))
      .flatMap((log) => options.callers.map((callers) => ({ store, log, callers }))),
  );
  const aws = wanted.some(({ store }) => store === "emulator") ? await EmulatedAws.start() : undefined;
  try {
    const cells: ContentionCell[] = [];
    for (const { store, log, callers } of wanted) {
      const contention = { ...options, log, callers };
      const isVirtual = store === "virtual" || aws === undefined;
      const figures = isVirtual ? simulateContention(contention) : emulateContention(aws, contention, options.slowdown);
      const cell = { store, log, ...(await figures) };
      cells.push(cell);
      options.onCell(cell);
    }
    return cells;
  } finally {
    await aws?.stop();
  }
}
