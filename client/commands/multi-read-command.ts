import type { ErrorCode } from "../../shared/api/errors.ts";
import type { MultiReadAnswer } from "../../shared/api/schemas/znodes.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { commonPath } from "../path-scope.ts";
import type { RecordBytes } from "../record-bytes.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import { type Stat, withData } from "../znode-answers.ts";

export interface MultiReadInput extends CallerInput {
  readonly operations: readonly ReadOperation[];
  readonly minZxid?: number | undefined;
}

export interface ReadOperation {
  readonly type: "getData" | "getChildren";
  readonly path: string;
}

export type ReadResult =
  | { readonly type: "getData"; readonly data: RecordBytes | null; readonly stat: Stat }
  | { readonly type: "getChildren"; readonly children: readonly string[]; readonly stat: Stat }
  | { readonly type: "error"; readonly error: ErrorCode; readonly message: string };

export interface MultiReadOutput {
  readonly results: readonly ReadResult[];
  readonly zxid: number;
}

/**
 * Several reads of one state of the tree, each with its own result or error.
 *
 * @throws StreamkeeperServiceException UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class MultiReadCommand implements Command<MultiReadInput, MultiReadOutput> {
  readonly name = "MultiReadCommand";
  readonly repeat = "read";
  readonly input: MultiReadInput;

  constructor(input: MultiReadInput) {
    this.input = input;
  }

  serialize(input: MultiReadInput, defaults: CommandDefaults): RequestParts {
    const { namespace, operations, minZxid } = input;
    const scope = commonPath(operations.map(({ path }) => path));
    const route =
      scope === undefined
        ? routeTo("multiRead", { namespace }, defaults)
        : routeTo("multiReadBelow", { namespace, path: scope }, defaults);
    return {
      ...route,
      headers: callerHeaders(input, defaults),
      json: { ops: operations, minZxid },
    };
  }

  deserialize(response: HttpResponse): MultiReadOutput {
    const { results, zxid } = jsonOf(response) as MultiReadAnswer;
    return {
      results: results.map((result) => (result.type === "getData" ? withData(result) : result) as ReadResult),
      zxid,
    };
  }
}
