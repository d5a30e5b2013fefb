/** Contention over an emulated DynamoDB, in real time: each caller has a client and connections of its own. */
import type { Storage } from "../../shared/storage/storage.ts";
import { type CallerPlan, callOn, type ContentionFigures, figuresOf } from "./call-on.ts";
import type { EmulatedAws } from "./emulated-aws.ts";

export interface EmulatedContention extends Omit<CallerPlan, "name"> {
  readonly callers: number;
}

/** The emulator answers in about 1 ms; with this its puts take the 6 ms and its queries the 4 ms of a region. */
const putDelayMs = 5;
const queryDelayMs = 3;

export async function emulateContention(
  aws: EmulatedAws,
  options: EmulatedContention,
  slowdown: number,
): Promise<ContentionFigures> {
  const storages = Array.from({ length: options.callers }, () => aws.open());
  const name = storages[0]?.random.id() ?? "";
  try {
    const reports = await Promise.all(
      storages.map(async (storage) => await callOn(asFarAway(storage, slowdown), { ...options, name })),
    );
    return figuresOf(reports, options.durationMs);
  } finally {
    await Promise.all(storages.map(async (storage) => await storage.close()));
  }
}

/** Half of a delay passes on the way there, half on the way back. */
function asFarAway(storage: Storage, slowdown: number): Storage {
  const { logs, timers } = storage;
  const after = async <T>(delayMs: number, send: () => Promise<T>): Promise<T> => {
    await timers.sleep((delayMs * slowdown) / 2);
    const answer = await send();
    await timers.sleep((delayMs * slowdown) / 2);
    return answer;
  };
  return {
    ...storage,
    logs: {
      putIfAbsent: (entry, maySend) => after(putDelayMs, () => logs.putIfAbsent(entry, maySend)),
      readFrom: (logId, position, limits) => after(queryDelayMs, () => logs.readFrom(logId, position, limits)),
      readLast: (logId) => after(queryDelayMs, () => logs.readLast(logId)),
      readAt: (logId, position) => after(queryDelayMs, () => logs.readAt(logId, position)),
      trim: (logId, position, entriesMax) => logs.trim(logId, position, entriesMax),
    },
  };
}
