import type { LogOperation } from "../history.ts";
import { TargetError } from "../target.ts";
import type { Isolation, LogReader, TopicPartition } from "../target.ts";
import { partitionName, pollStep, recordsIn } from "./log-steps.ts";
import type { Worker } from "./worker.ts";

/**
 * The last polls: a new client reads every partition from the beginning until it has passed every offset that there is.
 *
 * @throws TargetError if that does not come about while there is patience
 */
export async function readEverything(
  worker: Worker,
  places: readonly TopicPartition[],
  isolation: Isolation,
  operations: LogOperation[],
): Promise<void> {
  const { target } = worker.context;
  worker.renumber();
  const partitions = places.map(partitionName);
  const reader = await target.log.openReader({ isolation });
  try {
    operations.push({ kind: "assign", partitions, ...worker.mark() });
    operations.push({ kind: "seek", partitions, offset: 0, ...worker.mark() });
    for (const place of places) await readPartition(worker, reader, place, isolation, operations);
  } finally {
    await reader.close();
  }
}

/** With read_committed the end is only reached once no transaction is open any more. */
async function readPartition(
  worker: Worker,
  reader: LogReader,
  place: TopicPartition,
  isolation: Isolation,
  operations: LogOperation[],
): Promise<void> {
  const { target, clock, timing } = worker.context;
  const end = await worker.patiently(() => target.log.endOffset(place, "read_uncommitted"));
  reader.assign([{ ...place, offset: 0 }]);
  let movedMs = clock.monotonicMs();
  for (let position = 0; position < end;) {
    await pollFinally(worker, reader, isolation, operations);
    const next = reader.position(place) ?? 0;
    if (next > position) movedMs = clock.monotonicMs();
    else if (clock.monotonicMs() - movedMs > timing.finalPatienceMs) {
      const text = `${partitionName(place)} cannot be read beyond offset ${next}, though it ends at ${end}`;
      throw new TargetError("fail", "other", text, { reason: "stuck" });
    }
    position = next;
  }
}

async function pollFinally(
  worker: Worker,
  reader: LogReader,
  isolation: Isolation,
  operations: LogOperation[],
): Promise<void> {
  const { tally, timing } = worker.context;
  const invokedAt = worker.now();
  const polled = await worker.patiently(() => reader.poll(timing.pollWaitMs));
  if (polled.length === 0) return;
  tally.polled += recordsIn(polled);
  const steps = [pollStep(polled, { isUncommitted: isolation === "read_uncommitted" })];
  const answeredAt = worker.now();
  const { process } = worker;
  operations.push({
    kind: "work",
    process,
    invokedAt,
    answeredAt,
    outcome: "ok",
    isTransaction: false,
    steps,
    isFinal: true,
  });
}
