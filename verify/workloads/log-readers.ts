/** Those who read while others write: by assignment, and as members of a group. */
import type { LogOperation } from "../history.ts";
import type { GroupMember, LogReader, TopicPartition } from "../target.ts";
import { partitionName, pollStep, recordsIn } from "./log-steps.ts";
import { below, oneIn, pick } from "./worker.ts";
import type { Worker } from "./worker.ts";

/** Polls between two of the same happening. */
const pollsPerCommit = 5;
const pollsPerSeek = 200;
const pollsPerLook = 3;
const pollsPerCrash = 400;
/** A seek goes back by so many records at the most: what is read again takes memory, and time. */
const seekBackMax = 500;

/** Reads all partitions by assignment; at times it goes back, or crashes and begins at the end of what it has seen. */
export async function readByAssignment(
  worker: Worker,
  places: readonly TopicPartition[],
  operations: LogOperation[],
): Promise<void> {
  const { target, random } = worker.context;
  const partitions = places.map(partitionName);
  let seen: readonly number[] = places.map(() => 0);
  while (!worker.isOver) {
    const reader = await target.log.openReader({ isolation: "read_uncommitted" });
    reader.assign(places.map((place, index) => ({ ...place, offset: seen[index] ?? 0 })));
    operations.push({ kind: "assign", partitions, ...worker.mark() });
    // Where it begins is not where the client before it stood.
    operations.push({ kind: "seek", partitions, ...worker.mark() });
    while (!worker.isOver && !oneIn(random, pollsPerCrash)) {
      await pollOnce(worker, reader, operations);
      if (oneIn(random, pollsPerLook)) await lookAtEnd(worker, pick(random, places), operations);
      if (oneIn(random, pollsPerSeek)) seekBack(worker, reader, places, operations);
    }
    seen = places.map((place) => reader.position(place) ?? 0);
    reader.crash();
    crashed(worker, partitions, operations);
  }
}

async function pollOnce(worker: Worker, reader: LogReader, operations: LogOperation[]): Promise<void> {
  const { tally, timing } = worker.context;
  const { process } = worker;
  const polled = await worker.call(() => reader.poll(timing.pollWaitMs));
  const { invokedAt, answeredAt } = polled;
  if (polled.outcome !== "ok") return worker.rest();
  if (polled.value.length === 0) return;
  tally.polled += recordsIn(polled.value);
  operations.push({
    kind: "work",
    process,
    invokedAt,
    answeredAt,
    outcome: "ok",
    isTransaction: false,
    steps: [pollStep(polled.value, { isUncommitted: true })],
  });
}

async function lookAtEnd(worker: Worker, place: TopicPartition, operations: LogOperation[]): Promise<void> {
  const { target } = worker.context;
  const { process } = worker;
  const asked = await worker.call(() => target.log.endOffset(place, "read_uncommitted"));
  if (asked.outcome !== "ok") return worker.rest();
  const { invokedAt, answeredAt, value: offset } = asked;
  const partitions = [partitionName(place)];
  operations.push({ kind: "end", partitions, offset, process, invokedAt, answeredAt, outcome: "ok" });
}

function seekBack(
  worker: Worker,
  reader: LogReader,
  places: readonly TopicPartition[],
  operations: LogOperation[],
): void {
  const { random } = worker.context;
  const chosen = pick(random, places);
  const offset = Math.max(0, (reader.position(chosen) ?? 0) - below(random, seekBackMax));
  reader.assign(
    places.map((place) => ({ ...place, offset: place === chosen ? offset : (reader.position(place) ?? 0) })),
  );
  operations.push({ kind: "seek", partitions: [partitionName(chosen)], offset, ...worker.mark() });
}

/** Reads as a member of a group, with commits now and then, and comes and goes with and without a goodbye. */
export async function readAsMember(
  worker: Worker,
  group: string,
  topic: string,
  places: readonly TopicPartition[],
  operations: LogOperation[],
): Promise<void> {
  const { target, random, timing } = worker.context;
  const partitions = places.map(partitionName);
  while (!worker.isOver) {
    const opened = await worker.call(() =>
      target.log.openMember({
        group,
        topics: [topic],
        isolation: "read_uncommitted",
        sessionTimeoutMs: timing.sessionTimeoutMs,
      }),
    );
    if (opened.outcome !== "ok") {
      await worker.rest();
      continue;
    }
    operations.push({ kind: "subscribe", partitions, group, ...worker.mark() });
    const isLost = await pollAsMember(worker, opened.value, operations);
    if (isLost || oneIn(random, 2)) opened.value.crash();
    else await worker.call(() => opened.value.close());
    crashed(worker, partitions, operations);
  }
}

/** True when the member is of no more use. */
async function pollAsMember(worker: Worker, member: GroupMember, operations: LogOperation[]): Promise<boolean> {
  const { tally, timing, random } = worker.context;
  for (let polls = 1; !worker.isOver && !oneIn(random, pollsPerCrash); polls += 1) {
    const { process } = worker;
    const polled = await worker.call(() => member.poll(timing.pollWaitMs));
    if (polled.outcome !== "ok") {
      await worker.rest();
      if (polled.code === "CLIENT_LOST") return true;
      continue;
    }
    const { invokedAt, answeredAt, value } = polled;
    const { records, assignments: generation } = value;
    if (records.length > 0) {
      tally.polled += recordsIn(records);
      const steps = [pollStep(records, { isUncommitted: true, generation })];
      operations.push({ kind: "work", process, invokedAt, answeredAt, outcome: "ok", isTransaction: false, steps });
    }
    if (polls % pollsPerCommit === 0) await worker.call(() => member.commit());
  }
  return false;
}

function crashed(worker: Worker, partitions: readonly string[], operations: LogOperation[]): void {
  worker.context.tally.crashes += 1;
  operations.push({ kind: "crash", partitions, ...worker.mark() });
  worker.renumber();
}
