import type { CreatedAnswer } from "../../shared/api/schemas/znodes.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { type RecordBytes, toWireOrNull } from "../record-bytes.ts";
import { idempotencyHeaders, znodeRoute } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface SetDataInput extends CallerInput {
  readonly path: string;
  readonly data: RecordBytes | null;
  /** Default -1: any. */
  readonly version?: number | undefined;
  readonly idempotencyKey?: string | undefined;
}

export type SetDataOutput = CreatedAnswer;

/**
 * Changes a znode's data.
 *
 * @throws StreamkeeperServiceException NO_NODE | BAD_VERSION | NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class SetDataCommand implements Command<SetDataInput, SetDataOutput> {
  readonly name = "SetDataCommand";
  readonly repeat = "keyed";
  readonly input: SetDataInput;

  constructor(input: SetDataInput) {
    this.input = input;
  }

  serialize(input: SetDataInput, defaults: CommandDefaults): RequestParts {
    const { namespace, path, data, version } = input;
    return {
      ...znodeRoute("setZnode", { namespace, path }, defaults),
      headers: { ...callerHeaders(input, defaults), ...idempotencyHeaders(input.idempotencyKey) },
      json: { data: toWireOrNull(data), version },
    };
  }

  deserialize(response: HttpResponse): SetDataOutput {
    return jsonOf(response) as SetDataOutput;
  }
}
