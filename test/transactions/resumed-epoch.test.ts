/**
 * A client that asks for the epoch after its own (KIP-360) while storage fails between the decision and its markers: it may ask
 * again until it is answered, and nobody else may under its name.
 */
import { beforeEach, expect, test } from "vitest";
import { ServiceError } from "../../shared/api/errors.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { StorageUnavailableError } from "../../shared/storage/errors.ts";
import { interruptRequests } from "../shared/services/interrupt-requests.ts";
import {
  namespace,
  partitions,
  type Producer,
  see,
  seeAll,
  topic,
  type TransactionBed,
  transactionBed,
  writeAll,
} from "./transaction-bed.ts";

const transactionalId = "orders";
const id = { namespace, transactionalId };
/** Longer than until what was left is looked at again. */
const laterMs = 120_000;

let bed: TransactionBed;
let one: Services;
let other: Services;
beforeEach(async () => {
  bed = await transactionBed();
  one = createServices(bed.memory.store.process().storage);
  other = createServices(bed.memory.store.process().storage);
});

/** A process that writes to one log, and to no other after it. */
function failing(): Services {
  let writes = 0;
  const { storage } = bed.memory.store.process();
  return createServices(
    interruptRequests(storage, ({ name, send }) => {
      if (name === "logs.putIfAbsent") writes += 1;
      const isAway = name === "logs.putIfAbsent" && writes > 1;
      return isAway ? Promise.reject(new StorageUnavailableError("away")) : send();
    }),
  );
}

function add({ transactions }: Services, producer: Producer, keepsEpoch = true): Promise<void> {
  return transactions.addPartitions({ ...id, ...producer, partitions: [{ topic, partitions }], keepsEpoch });
}

/** A client whose first transaction is committed and whose second is open. */
async function openClient(keepsEpoch = true): Promise<Producer> {
  let producer = await one.transactions.init(id);
  for (const value of ["1", "2"]) {
    await add(one, producer, keepsEpoch);
    await writeAll(one, transactionalId, producer, value, keepsEpoch && value === "2" ? 1 : 0);
    if (value === "2") break;
    const next = await one.transactions.end({ ...id, ...producer, commit: true, keepsEpoch });
    if (!keepsEpoch) producer = next;
  }
  return producer;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (cause) {
    if (cause instanceof ServiceError) return cause.code;
    throw cause;
  }
}

/** Asks in vain: the decision stands, and a partition does not know of it. */
async function expectUnfinished(work: Promise<unknown>): Promise<void> {
  const code = codeOf(work);
  // It tries again for a while.
  await bed.memory.time.advance(laterMs);
  expect(await code).toBe("REQUEST_TIMED_OUT");
  const undecided = await Promise.all(
    partitions.map(async (partition) => (await see(bed.services, partition)).undecided),
  );
  expect(undecided.toSorted((a, b) => a - b)).toEqual([0, 1, 1]);
}

/** Somebody else does what was left. */
async function passTime(): Promise<void> {
  await bed.memory.time.advance(laterMs);
  await other.transactions.sweep(namespace);
  expect(await other.transactions.describe(id)).toMatchObject({ state: "CompleteAbort" });
}

/** It has the next epoch, as often as it asks, until it goes on with that; what it left is aborted. */
async function expectGoesOn(resumes: Producer): Promise<void> {
  const next = await other.transactions.init({ ...id, resumes });
  expect(next.producerId).toBe(resumes.producerId);
  expect(next.producerEpoch).toBeGreaterThan(resumes.producerEpoch);
  expect(await one.transactions.init({ ...id, resumes })).toEqual(next);
  expect(await codeOf(add(one, resumes))).toBe("PRODUCER_FENCED");
  await add(one, next);
  expect(await codeOf(other.transactions.init({ ...id, resumes }))).toBe("PRODUCER_FENCED");
  await writeAll(one, transactionalId, next, "3");
  await one.transactions.end({ ...id, ...next, commit: true });
  expect(await seeAll(bed.services)).toEqual(partitions.map(() => ({ values: ["1", "3"], undecided: 0 })));
}

const kinds = [
  { keepsEpoch: true, kind: "keeps its epoch" },
  { keepsEpoch: false, kind: "learns each epoch" },
];

test.each(kinds)("a client that $kind gets its next epoch when it asks again", async ({ keepsEpoch }) => {
  const resumes = await openClient(keepsEpoch);
  await expectUnfinished(failing().transactions.init({ ...id, resumes }));
  expect(await codeOf(add(other, resumes, keepsEpoch))).toBe("PRODUCER_FENCED");
  await expectGoesOn(resumes);
});

test.each(kinds)("a client that $kind gets it also once the abort is known", async ({ keepsEpoch }) => {
  const resumes = await openClient(keepsEpoch);
  await expectUnfinished(failing().transactions.init({ ...id, resumes }));
  await passTime();
  expect(await codeOf(add(other, resumes, keepsEpoch))).toBe("PRODUCER_FENCED");
  await expectGoesOn(resumes);
});

test.each(kinds)("a client that $kind gets it when its own end was not answered", async ({ keepsEpoch }) => {
  const resumes = await openClient(keepsEpoch);
  await expectUnfinished(failing().transactions.end({ ...id, ...resumes, commit: false, keepsEpoch }));
  await passTime();
  await expectGoesOn(resumes);
});

test("a client is fenced once another has taken over, however far its own question came", async () => {
  const resumes = await openClient();
  await expectUnfinished(failing().transactions.init({ ...id, resumes }));
  await other.transactions.init(id);
  expect(await codeOf(one.transactions.init({ ...id, resumes }))).toBe("PRODUCER_FENCED");
});

test("a client is fenced by another's takeover and by its time, also before they are known everywhere", async () => {
  const resumes = await openClient();
  await expectUnfinished(failing().transactions.init(id));
  expect(await codeOf(one.transactions.init({ ...id, resumes }))).toBe("PRODUCER_FENCED");
  await passTime();
  expect(await codeOf(one.transactions.init({ ...id, resumes }))).toBe("PRODUCER_FENCED");
  const late = await other.transactions.init(id);
  await add(other, late);
  await passTime();
  expect(await codeOf(one.transactions.init({ ...id, resumes: late }))).toBe("PRODUCER_FENCED");
});
