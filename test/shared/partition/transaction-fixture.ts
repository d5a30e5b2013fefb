/** Requests of transactional producers, for planning alone. */
import { partitionLogId } from "../../../shared/log/log-id.ts";
import { decodeEntryMeta, encodeEntryMeta } from "../../../shared/partition/entry-meta.ts";
import { markerRequest } from "../../../shared/partition/marker-request.ts";
import { applyEntry, type PartitionState } from "../../../shared/partition/partition-state.ts";
import { type AppendAnswer, type AppendRequest, planAppend } from "../../../shared/partition/plan-append.ts";
import type { LogEntry } from "../../../shared/storage/log-store.ts";
import { expect } from "vitest";

export const startMs = 1_700_000_000_000;

export type Producer = readonly [id: bigint, epoch: number, sequence: number];

/** A batch of a producer, 100 bytes long. */
export function batchOf(producer: Producer, options: { readonly plain?: boolean; readonly count?: number } = {}) {
  const [producerId, producerEpoch, baseSequence] = producer;
  const batch = {
    start: 0,
    length: 100,
    recordCount: options.count ?? 1,
    maxTimestamp: startMs,
    producer: { producerId, producerEpoch, baseSequence },
    ...(options.plain === true ? {} : { transaction: { kind: "data" as const } }),
  };
  return { bytes: new Uint8Array(100), batches: [batch] } satisfies AppendRequest;
}

export function commitOf(producerId: bigint, producerEpoch: number): AppendRequest {
  return markerRequest({ producerId, producerEpoch, commit: true }, startMs);
}

export function abortOf(producerId: bigint, producerEpoch: number): AppendRequest {
  return markerRequest({ producerId, producerEpoch, commit: false }, startMs);
}

/** A marker after which the producer's sequences go on. */
export function markerOn(producerId: bigint, producerEpoch: number): AppendRequest {
  return markerRequest({ producerId, producerEpoch, commit: true, sequencesGoOn: true }, startMs);
}

/** A batch of a producer whose sequences go on since an epoch. */
export function batchOn(producer: Producer, sequencesSince: number): AppendRequest {
  const { bytes, batches } = batchOf(producer);
  return { bytes, batches: batches.map((batch) => ({ ...batch, sequencesSince })) };
}

export interface Planned {
  readonly entry: LogEntry | undefined;
  readonly answers: readonly string[];
}

/** Plans the requests as one group and, if there is one, applies the entry. */
export function plan(state: PartitionState, requests: readonly AppendRequest[], nowMs = startMs): Planned {
  let bytes = 0;
  const starts = requests.map((request) => {
    const start = bytes;
    bytes += request.bytes.length;
    return start;
  });
  const planned = planAppend(state, requests, starts, nowMs);
  const answers = planned.answers.map(textOf);
  if (planned.entry === undefined) return { entry: undefined, answers };
  const entry: LogEntry = {
    logId: partitionLogId("t", 0),
    position: state.position,
    next: planned.entry.next,
    attempt: "a",
    appendedAtMs: nowMs,
    meta: encodeEntryMeta(planned.entry.meta, nowMs),
    payload: { kind: "inline", bytes: new Uint8Array(bytes) },
  };
  expect(decodeEntryMeta(entry)).toEqual(planned.entry.meta);
  applyEntry(state, entry);
  return { entry, answers };
}

function textOf(answer: AppendAnswer): string {
  switch (answer.kind) {
    case "written":
    case "settled":
      return `${answer.kind} ${answer.result.duplicate ? "again" : answer.result.baseOffset}`;
    case "refused":
    case "doubtful":
      return `${answer.kind} ${answer.refusal.code}`;
    case "dropped":
    case "deferred":
      return answer.kind;
  }
}
