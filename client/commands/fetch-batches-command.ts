import { fetchHeaders, recordBatchMediaType } from "../../shared/api/routes.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { numberHeaderOf } from "../service-answer.ts";
import type { FetchInput } from "./fetch-command.ts";

export type FetchBatchesInput = FetchInput;

export interface FetchBatchesOutput {
  /** Whole RecordBatches v2, one after the other; the first may begin before `offset`. */
  readonly batches: Uint8Array;
  /** Where to go on. */
  readonly nextOffset: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
}

/**
 * Fetches record batches of one partition as they were produced.
 *
 * @throws StreamkeeperServiceException OFFSET_OUT_OF_RANGE (`details.logStartOffset`, `details.highWatermark`) |
 *   UNKNOWN_TOPIC_OR_PARTITION
 */
export class FetchBatchesCommand implements Command<FetchBatchesInput, FetchBatchesOutput> {
  readonly name = "FetchBatchesCommand";
  readonly repeat = "read";
  readonly input: FetchBatchesInput;
  readonly waitMs: number;

  constructor(input: FetchBatchesInput) {
    this.input = input;
    this.waitMs = input.waitMs ?? 0;
  }

  serialize(input: FetchBatchesInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic, partition, ...query } = input;
    return {
      ...routeTo("fetch", { namespace, topic, partition }, defaults),
      query,
      headers: { accept: recordBatchMediaType },
    };
  }

  deserialize(response: HttpResponse): FetchBatchesOutput {
    return {
      batches: response.body,
      nextOffset: numberHeaderOf(response, fetchHeaders.nextOffset),
      highWatermark: numberHeaderOf(response, fetchHeaders.highWatermark),
      lastStableOffset: numberHeaderOf(response, fetchHeaders.lastStableOffset),
      logStartOffset: numberHeaderOf(response, fetchHeaders.logStartOffset),
    };
  }
}
