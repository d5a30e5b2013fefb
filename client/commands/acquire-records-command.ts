import type { AcquireRecordsAnswer } from "../../shared/api/schemas/share-groups.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import { fetchedRecordOf } from "./fetch-command.ts";
import type { FetchedRecord } from "./fetch-command.ts";

/** A record that is the worker's for a time. */
export interface AcquiredRecord extends FetchedRecord {
  readonly topic: string;
  readonly partition: number;
  /** 1 the first time. */
  readonly deliveryCount: number;
}

export interface AcquireRecordsInput {
  readonly namespace?: string | undefined;
  readonly group: string;
  readonly topics: readonly string[];
  /** Chosen by the worker; the same in its acknowledgements. */
  readonly memberId: string;
  /** 1 to 1,000. */
  readonly maxRecords?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** Long poll, 0 to 25,000. Default 0. */
  readonly waitMs?: number | undefined;
}

export interface AcquireRecordsOutput {
  readonly records: readonly AcquiredRecord[];
  /** How long they are the worker's, from the answer on. */
  readonly lockMs: number;
}

/**
 * Takes records of a share group for a time; the answer of a call that is lost comes back when that is over.
 *
 * @throws StreamkeeperServiceException UNKNOWN_TOPIC_OR_PARTITION | INVALID_GROUP_ID | INCONSISTENT_GROUP_PROTOCOL
 */
export class AcquireRecordsCommand implements Command<AcquireRecordsInput, AcquireRecordsOutput> {
  readonly name = "AcquireRecordsCommand";
  readonly repeat = "repeatable";
  readonly input: AcquireRecordsInput;
  readonly waitMs: number;

  constructor(input: AcquireRecordsInput) {
    this.input = input;
    this.waitMs = input.waitMs ?? 0;
  }

  serialize({ namespace, group, topics, ...fields }: AcquireRecordsInput, defaults: CommandDefaults): RequestParts {
    const [topic] = topics;
    // Who works off one topic needs to be allowed no more than that one.
    if (topics.length === 1 && topic !== undefined) {
      return { ...routeTo("acquireTopicRecords", { namespace, group, topic }, defaults), json: fields };
    }
    const body = { topics, ...fields };
    return { ...routeTo("acquireRecords", { namespace, group }, defaults), json: body };
  }

  deserialize(response: HttpResponse): AcquireRecordsOutput {
    const { records, lockMs } = jsonOf(response) as AcquireRecordsAnswer;
    return { records: records.map(fetchedRecordOf), lockMs };
  }
}
