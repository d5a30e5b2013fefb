import type { MultiAnswer } from "../../shared/api/schemas/znodes.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { scopeOfWrites } from "../path-scope.ts";
import { type RecordBytes, toWireOrNull } from "../record-bytes.ts";
import { idempotencyHeaders, routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import { createBody, type CreateFields } from "../znode-answers.ts";

export interface MultiInput extends CallerInput {
  readonly operations: readonly MultiOperation[];
  readonly idempotencyKey?: string | undefined;
}

/** An operation of a multi; a version that is left out stands for any. */
export type MultiOperation =
  | ({ readonly type: "create"; readonly path: string } & CreateFields)
  | {
      readonly type: "setData";
      readonly path: string;
      readonly data: RecordBytes | null;
      readonly version?: number | undefined;
    }
  | { readonly type: "delete" | "check"; readonly path: string; readonly version?: number | undefined }
  /** FENCED unless the grant with this token, at this path, is still held. */
  | { readonly type: "fence"; readonly path: string; readonly fencingToken: number };

export type MultiOutput = MultiAnswer;

/**
 * Several writes and checks at one zxid: all or nothing.
 *
 * @throws StreamkeeperServiceException what the first operation that fails does
 *   (`details.operationIndex`, and `details.results` with one name for each operation)
 */
export class MultiCommand implements Command<MultiInput, MultiOutput> {
  readonly name = "MultiCommand";
  readonly repeat = "keyed";
  readonly input: MultiInput;

  constructor(input: MultiInput) {
    this.input = input;
  }

  serialize(input: MultiInput, defaults: CommandDefaults): RequestParts {
    const { namespace, operations } = input;
    const scope = scopeOfWrites(operations);
    const route =
      scope === undefined
        ? routeTo("multi", { namespace }, defaults)
        : routeTo("multiBelow", { namespace, path: scope }, defaults);
    return {
      ...route,
      headers: { ...callerHeaders(input, defaults), ...idempotencyHeaders(input.idempotencyKey) },
      json: { ops: operations.map(operationBody) },
    };
  }

  deserialize(response: HttpResponse): MultiOutput {
    return jsonOf(response) as MultiOutput;
  }
}

function operationBody(operation: MultiOperation): object {
  if (operation.type === "create") return { type: "create", path: operation.path, ...createBody(operation) };
  return operation.type === "setData" ? { ...operation, data: toWireOrNull(operation.data) } : operation;
}
