/** A transaction whose process dies at each of its requests in turn: what another process makes of it. */
import { describe, expect, test } from "vitest";
import { transactionTimeoutMsDefault } from "../../../shared/limits/transactions.ts";
import type { AtomicResult } from "../../../shared/services/transactions.ts";
import { dyingProcess } from "../partition/dying-process.ts";
import {
  group,
  namespace,
  type Producer,
  record,
  type TransactionProcess,
  TransactionWorld,
} from "./transaction-world.ts";

const transactionalId = "orders";
const id = { namespace, transactionalId };
const partitions = [{ topic: "orders", partitions: [0, 1, 2] }];
const offsetsOf = (offset: number) => ({ group, offsets: [{ topic: "source", partition: 0, offset }] });

interface Course {
  readonly title: string;
  /** What was there before. */
  readonly prepare?: (world: TransactionWorld) => Promise<void>;
  /** What the process does that dies; answers whether the value must be seen after it. */
  readonly run: (process: TransactionProcess) => Promise<boolean>;
}

async function fill(process: TransactionProcess, producer: Producer, value: string): Promise<void> {
  await process.transactions.addPartitions({ ...id, ...producer, partitions });
  for (const partition of [0, 1, 2]) await process.write(transactionalId, producer, "orders", partition, value);
  await process.transactions.addOffsets({ ...id, ...producer, ...offsetsOf(Number(value)) });
}

async function endWith(process: TransactionProcess, value: string, commit: boolean): Promise<boolean> {
  const producer = await process.transactions.init(id);
  await fill(process, producer, value);
  await process.transactions.end({ ...id, ...producer, commit });
  return commit;
}

function execute({ transactions }: TransactionProcess, value: string, idempotencyKey?: string): Promise<AtomicResult> {
  const produce = [{ topic: "orders", records: [0, 1, 2].map((partition) => record(value, partition)) }];
  const write = { namespace, produce, offsets: [offsetsOf(Number(value))] };
  return transactions.execute(idempotencyKey === undefined ? write : { ...write, idempotencyKey });
}

const courses: readonly Course[] = [
  { title: "a commit", run: (process) => endWith(process, "1", true) },
  { title: "an abort", run: (process) => endWith(process, "1", false) },
  {
    title: "taking over from a process that died in a transaction",
    prepare: async (world) => {
      const gone = world.start();
      await fill(gone, await gone.transactions.init(id), "1");
    },
    run: async ({ transactions }) => {
      await transactions.init(id);
      return false;
    },
  },
  {
    title: "a write in one call",
    run: async (process) => {
      await execute(process, "1");
      return true;
    },
  },
];

/** All or nothing, in every partition and in the group, and nothing is left undecided. */
function expectWhole(world: TransactionWorld, hint: string): boolean {
  const seen = [0, 1, 2].map((partition) => world.seen("orders", partition));
  const isThere = seen[0]?.length === 1;
  expect(seen, hint).toEqual(Array.from({ length: 3 }, () => (isThere ? ["1"] : [])));
  expect(world.group(), hint).toEqual({ committed: isThere ? { "source:0": 1 } : {}, staged: 0 });
  const open = [0, 1, 2].map((partition) => world.open("orders", partition));
  expect(open, hint).toEqual([0, 0, 0]);
  const states = world.items().map(({ attributes }) => String(attributes["state"]));
  expect(
    states.filter((state) => !/^(Empty|Complete)/.test(state)),
    hint,
  ).toEqual([]);
  return isThere;
}

/**
 * In a world of its own for each request that `run` makes, dies at it.
 *
 * @param then what happens after that
 * @returns how many requests there are
 */
async function dieAtEachRequest<Result>(
  {
    prepare,
    run,
  }: { readonly prepare?: Course["prepare"]; readonly run: (process: TransactionProcess) => Promise<Result> },
  then: (world: TransactionWorld, result: Result | "died", hint: string) => Promise<void>,
): Promise<number> {
  const attempt = async (request: number, when: "before" | "after"): Promise<Result | "died"> => {
    const world = new TransactionWorld({ seed: request + 1 });
    let result: Result | "died" = "died";
    await world.run(async () => {
      await prepare?.(world);
      let death: Promise<"died"> | undefined;
      const victim = world.start({}, (storage) => {
        const dying = dyingProcess(storage, request, when);
        death = dying.died;
        return dying.storage;
      });
      result = await Promise.race([run(victim), death ?? Promise.resolve("died" as const)]);
      await then(world, result, `died ${when} request ${request}`);
    });
    return result;
  };
  let request = 0;
  for (const when of ["before", "after"] as const) {
    for (request = 0; (await attempt(request, when)) === "died"; request += 1);
  }
  return request;
}

describe.each(courses)("$title", (course) => {
  test("whose process dies at any request is all or nothing when its time is over, and hinders nothing", async () => {
    const requests = await dieAtEachRequest(course, async (world, outcome, hint) => {
      const rescuer = world.start();
      world.deliverTo(rescuer);
      await world.sleep(transactionTimeoutMsDefault + 5_000);
      await rescuer.transactions.sweep(namespace);
      const isThere = expectWhole(world, hint);
      if (outcome !== "died") expect(isThere, hint).toBe(outcome);
      await endWith(rescuer, "2", true);
      await execute(rescuer, "3");
      expect(world.seen("orders", 2), hint).toEqual(isThere ? ["1", "2", "3"] : ["2", "3"]);
      expect(world.group(), hint).toEqual({ committed: { "source:0": 3 }, staged: 0 });
    });
    expect(requests).toBeGreaterThan(8);
  });
});

test.each([true, false])(
  "a producer whose process dies while it ends a transaction ends it by another, in the same way (commit: %s)",
  async (commit) => {
    let producer: Producer = { producerId: -1n, producerEpoch: -1 };
    const prepare = async (world: TransactionWorld): Promise<void> => {
      producer = await world.observer.transactions.init(id);
      await fill(world.observer, producer, "1");
    };
    const run = ({ transactions }: TransactionProcess): Promise<Producer> =>
      transactions.end({ ...id, ...producer, commit });
    await dieAtEachRequest({ prepare, run }, async (world, _, hint) => {
      const next = await world.start().transactions.end({ ...id, ...producer, commit });
      expect(next, hint).toEqual({ ...producer, producerEpoch: producer.producerEpoch + 1 });
      expect(expectWhole(world, hint), hint).toBe(commit);
    });
  },
);

test("a producer whose process dies is replaced at once by who takes its id over", async () => {
  await dieAtEachRequest({ run: (process) => endWith(process, "1", true) }, async (world, outcome, hint) => {
    await endWith(world.start(), "2", true);
    const seen = [0, 1, 2].map((partition) => world.seen("orders", partition));
    expect(
      seen.map((values) => values.join()),
      hint,
    ).toEqual([seen[0]?.join(), seen[0]?.join(), seen[0]?.join()]);
    expect(seen[0]?.at(-1), hint).toBe("2");
    if (outcome !== "died") expect(seen[0], hint).toEqual(["1", "2"]);
  });
});

test("a write in one call under a key, whose process dies at any request, is there once when it is repeated", async () => {
  const run = (process: TransactionProcess): Promise<AtomicResult> => execute(process, "1", "key");
  await dieAtEachRequest({ run }, async (world, first, hint) => {
    const again = await run(world.start());
    expect(expectWhole(world, hint), hint).toBe(true);
    if (first !== "died") expect(again, hint).toEqual(first);
    expect(await run(world.start()), hint).toEqual(again);
    expect(again.results.map(({ topic, partition }) => [topic, partition])).toEqual(
      [0, 1, 2].map((n) => ["orders", n]),
    );
  });
});
