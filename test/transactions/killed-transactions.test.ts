/**
 * A transaction over three partitions and a group, whose process dies at each of its storage requests in turn, before and after it
 * applies: another process ends it, and readers under read_committed see all or nothing.
 */
import { describe, expect, test } from "vitest";
import { transactionTimeoutMsDefault } from "../../shared/limits/transactions.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import type { AtomicResult } from "../../shared/services/transactions.ts";
import { dyingProcess } from "../shared/partition/dying-process.ts";
import {
  committedOffset,
  group,
  namespace,
  offsetsTo,
  partitions,
  record,
  seeAll,
  topic,
  type TransactionBed,
  transactionBed,
  writeAll,
} from "./transaction-bed.ts";

const transactionalId = "orders";
const id = { namespace, transactionalId };

async function transact(services: Services, value: string, commit: boolean): Promise<boolean> {
  const { transactions } = services;
  const producer = await transactions.init(id);
  await transactions.addPartitions({ ...id, ...producer, partitions: [{ topic, partitions }] });
  await writeAll(services, transactionalId, producer, value);
  await transactions.addOffsets({ ...id, ...producer, ...offsetsTo(Number(value)) });
  await transactions.end({ ...id, ...producer, commit });
  return commit;
}

function execute({ transactions }: Services, value: string, idempotencyKey?: string): Promise<AtomicResult> {
  const produce = [{ topic, records: partitions.map((partition) => record(value, partition)) }];
  const write = { namespace, produce, offsets: [offsetsTo(Number(value))] };
  return transactions.execute(idempotencyKey === undefined ? write : { ...write, idempotencyKey });
}

/** A transaction that is aborted and one that is committed, under one epoch and with sequences that go on. */
async function transactUnderKeptEpoch(services: Services): Promise<boolean> {
  const { transactions } = services;
  const producer = await transactions.init(id);
  for (const [sequence, value] of ["9", "1"].entries()) {
    const keepsEpoch = true;
    await transactions.addPartitions({ ...id, ...producer, partitions: [{ topic, partitions }], keepsEpoch });
    await writeAll(services, transactionalId, producer, value, sequence);
    await transactions.addGroup({ ...id, ...producer, group, keepsEpoch });
    await transactions.addOffsets({ ...id, ...producer, ...offsetsTo(Number(value)), isAdded: true });
    await transactions.end({ ...id, ...producer, commit: value === "1", keepsEpoch });
  }
  return true;
}

interface Course {
  readonly title: string;
  readonly prepare?: (services: Services) => Promise<unknown>;
  /** What the process does that dies; answers whether "1" must be seen after it. */
  readonly run: (services: Services) => Promise<boolean>;
}

const courses: readonly Course[] = [
  { title: "a commit", run: (services) => transact(services, "1", true) },
  { title: "an abort", run: (services) => transact(services, "1", false) },
  { title: "a commit after an abort under the same epoch", run: transactUnderKeptEpoch },
  {
    title: "taking over an id whose owner died in a transaction",
    prepare: async (services) => {
      const producer = await services.transactions.init(id);
      await services.transactions.addPartitions({ ...id, ...producer, partitions: [{ topic, partitions }] });
      await writeAll(services, transactionalId, producer, "1");
      await services.transactions.addOffsets({ ...id, ...producer, ...offsetsTo(1) });
    },
    run: async ({ transactions }) => {
      await transactions.init(id);
      return false;
    },
  },
  {
    title: "a write in one call",
    run: async (services) => {
      await execute(services, "1");
      return true;
    },
  },
];

/** Dies at each request that `run` makes, each time in a store of its own. */
async function dieAtEachRequest<Result>(
  { prepare, run }: { readonly prepare?: Course["prepare"]; readonly run: (services: Services) => Promise<Result> },
  then: (bed: TransactionBed, result: Result | "died", hint: string) => Promise<void>,
): Promise<number> {
  const attempt = async (request: number, when: "before" | "after"): Promise<Result | "died"> => {
    const bed = await transactionBed(request + 1);
    await prepare?.(createServices(bed.memory.storage));
    const { storage, died } = dyingProcess(bed.memory.storage, request, when);
    const result = await Promise.race([run(createServices(storage)), died]);
    await then(bed, result, `died ${when} request ${request}`);
    await bed.memory.close();
    return result;
  };
  let request = 0;
  for (const when of ["before", "after"] as const) {
    for (request = 0; (await attempt(request, when)) === "died"; request += 1);
  }
  return request;
}

/** All or nothing, and nothing is left undecided. */
async function expectWhole(services: Services, hint: string): Promise<boolean> {
  const seen = await seeAll(services);
  const isThere = seen[0]?.values.length === 1;
  expect(seen, hint).toEqual(partitions.map(() => ({ values: isThere ? ["1"] : [], undecided: 0 })));
  expect(await committedOffset(services), hint).toBe(isThere ? 1 : -1);
  return isThere;
}

describe.each(courses)("$title", (course) => {
  test("whose process dies at any request is all or nothing once another has looked at it", async () => {
    const requests = await dieAtEachRequest(course, async ({ memory, services }, outcome, hint) => {
      memory.store.onWake((duty) => {
        if (duty.kind === "transaction") void services.duties.recover(duty);
      });
      await memory.time.advance(transactionTimeoutMsDefault + 15_000);
      await services.transactions.sweep(namespace);
      const isThere = await expectWhole(services, hint);
      if (outcome !== "died") expect(isThere, hint).toBe(outcome);
      await transact(services, "2", true);
      await execute(services, "3");
      const values = isThere ? ["1", "2", "3"] : ["2", "3"];
      expect(await seeAll(services), hint).toEqual(partitions.map(() => ({ values, undecided: 0 })));
      expect(await committedOffset(services), hint).toBe(3);
    });
    expect(requests).toBeGreaterThan(8);
  });
});

test("a write in one call under a key, whose process dies at any request, is there once when it is repeated", async () => {
  const run = (services: Services): Promise<AtomicResult> => execute(services, "1", "key");
  await dieAtEachRequest({ run }, async ({ services }, first, hint) => {
    const again = await run(services);
    expect(await expectWhole(services, hint), hint).toBe(true);
    if (first !== "died") expect(again, hint).toEqual(first);
    expect(await run(services), hint).toEqual(again);
  });
});
