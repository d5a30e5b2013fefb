import { expect, test } from "vitest";
import { instantOf } from "../../../shared/log/evidence.ts";
import type { LogMachine } from "../../../shared/log/log-machine.ts";
import { LogWriter } from "../../../shared/log/log-writer.ts";
import { treeLogId } from "../../../shared/log/log-id.ts";
import { SimulatedStore } from "../../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";

const logId = treeLogId("a");
const none = new Uint8Array();

/** Counts its entries; a request is how long the payload of its entry takes to make, each time. */
function countingWriter(storage: Storage): LogWriter<{ entries: number }, undefined, number, number, never> {
  const machine: LogMachine<{ entries: number }, undefined, number, number, never> = {
    logId,
    keepsEntries: true,
    groupRequestsMax: 1,
    groupBytesMax: 1_000,
    recover: async () => {
      const evidence = instantOf(storage.clock);
      const last = await storage.logs.readLast(logId);
      return { state: { entries: last?.next ?? 0 }, position: last?.next ?? 0, evidence };
    },
    load: () => undefined,
    apply: (state) => {
      state.entries += 1;
    },
    requestBytes: () => 1,
    group: ([payloadMs = 0]) => ({
      plan: (_, position) => ({
        draft: {
          next: position + 1,
          meta: none,
          payload: async () => {
            await storage.timers.sleep(payloadMs);
            return { payload: { kind: "inline", bytes: none } };
          },
        },
        answers: [{ kind: "written", result: position }],
      }),
    }),
  };
  return new LogWriter(storage, machine, { requestsMax: 100, bytesMax: 1_000, aheadBytes: 1_000 });
}

test("an entry that takes longer to make than others take to write is written all the same", async () => {
  const store = new SimulatedStore({ seed: 1, delays: { wayMsMin: 2, wayMsMax: 4 } });
  const waitMs = await store.time.run(async () => {
    const [one, other] = [countingWriter(store.process().storage), countingWriter(store.process().storage)];
    expect(await one.append(0)).toEqual({ kind: "done", result: 0 });
    expect(await other.append(0)).toEqual({ kind: "done", result: 1 });
    const begunMs = store.time.nowMs;
    expect(await one.append(60)).toEqual({ kind: "done", result: 2 });
    return store.time.nowMs - begunMs;
  });
  // Made twice, with a look in between.
  expect(waitMs).toBeLessThan(300);
});
