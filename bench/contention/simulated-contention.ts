/** Contention in virtual time: deterministic and cheap, with the latencies of DynamoDB inside a region. */
import { SimulatedStore } from "../../shared/storage/memory/simulated-store.ts";
import { type CallerPlan, type CallerReport, callOn, type ContentionFigures, figuresOf } from "./call-on.ts";

export interface SimulatedContention extends Omit<CallerPlan, "name"> {
  readonly callers: number;
  readonly seed: number;
}

/** 6 ms for a request there and back, and for one of a hundred up to 50 ms each way. */
const delays = { wayMsMin: 2, wayMsMax: 4, slowMsMax: 50 };
const slow = 0.01;
/** Callers begin within this, and their clocks differ by as much. */
const beginMsMax = 100;
const wallSkewMsMax = 10;

export async function simulateContention(options: SimulatedContention): Promise<ContentionFigures> {
  const store = new SimulatedStore({ seed: options.seed, delays });
  store.setFaults({ slow });
  const call = async (): Promise<CallerReport> => {
    const { storage } = store.process({ wallSkewMs: store.random.between(-wallSkewMsMax, wallSkewMsMax) });
    await storage.timers.sleep(store.random.fraction() * beginMsMax);
    return await callOn(storage, { ...options, name: "contended" });
  };
  const reports = await store.time.run(() => Promise.all(Array.from({ length: options.callers }, call)));
  return figuresOf(reports, options.durationMs);
}
