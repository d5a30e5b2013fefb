import type { FetchAnswer, FetchedRecordAnswer } from "../../shared/api/schemas/fetch.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { fromWireOrNull } from "../record-bytes.ts";
import type { RecordBytes } from "../record-bytes.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface FetchInput {
  readonly namespace?: string;
  readonly topic: string;
  readonly partition: number;
  /** First record to answer. Default `earliest`. */
  readonly offset?: number | "earliest" | "latest";
  /** At least one whole batch is answered even if it is larger. Default 1 MiB. */
  readonly maxBytes?: number;
  readonly maxRecords?: number;
  /** Wait until so many bytes are there, for at most `waitMs`. */
  readonly minBytes?: number;
  /** Long poll, 0 to 25,000. Default 0. */
  readonly waitMs?: number;
  readonly isolation?: "read_uncommitted" | "read_committed";
}

export interface FetchedRecord {
  readonly offset: number;
  /** Ms since the epoch. */
  readonly timestamp: number;
  /** Text where the bytes are UTF-8, else the bytes. */
  readonly key: RecordBytes | null;
  readonly value: RecordBytes | null;
  readonly headers: readonly { readonly key: string; readonly value: RecordBytes | null }[];
}

export interface FetchOutput {
  readonly records: readonly FetchedRecord[];
  /** Where to go on. */
  readonly nextOffset: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
}

/**
 * Fetches records of one partition. For all of a partition `readPartition` is simpler, and faster.
 *
 * @throws StreamkeeperServiceException OFFSET_OUT_OF_RANGE (`details.logStartOffset`, `details.highWatermark`) |
 *   UNKNOWN_TOPIC_OR_PARTITION
 */
export class FetchCommand implements Command<FetchInput, FetchOutput> {
  readonly name = "FetchCommand";
  readonly repeat = "read";
  readonly input: FetchInput;
  readonly waitMs: number;

  constructor(input: FetchInput) {
    this.input = input;
    this.waitMs = input.waitMs ?? 0;
  }

  serialize(input: FetchInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic, partition, ...query } = input;
    return { ...routeTo("fetch", { namespace, topic, partition }, defaults), query };
  }

  deserialize(response: HttpResponse): FetchOutput {
    const answer = jsonOf(response) as FetchAnswer;
    return {
      ...answer,
      records: answer.records.map(fetchedRecordOf),
    };
  }
}

/** A record as JSON carries it. */
export function fetchedRecordOf<Record extends FetchedRecordAnswer>(
  record: Record,
): Omit<Record, "key" | "value" | "headers"> & Pick<FetchedRecord, "key" | "value" | "headers"> {
  return {
    ...record,
    key: fromWireOrNull(record.key),
    value: fromWireOrNull(record.value),
    headers: record.headers.map(({ key, value }) => ({ key, value: fromWireOrNull(value) })),
  };
}
