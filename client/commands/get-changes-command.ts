import type { ChangesAnswer } from "../../shared/api/schemas/znodes.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { commonPath } from "../path-scope.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface GetChangesInput extends CallerInput {
  /** Events after this zxid; without it none, only the zxid to begin with. */
  readonly since?: number | undefined;
  /** As the last answer said it. */
  readonly skip?: number | undefined;
  /** Default `/`. */
  readonly path?: string | undefined;
  /** All znodes below the path as well, and no NodeChildrenChanged. */
  readonly recursive?: boolean | undefined;
  readonly limit?: number | undefined;
  /** Long poll, 0 to 25,000. Default 0. */
  readonly waitMs?: number | undefined;
}

export type GetChangesOutput = ChangesAnswer;

/**
 * What has happened since a zxid, to a znode or to all below it. `watch` of a `ZnodeClient` is simpler.
 *
 * @throws StreamkeeperServiceException OFFSET_OUT_OF_RANGE (`details.oldestZxid`) | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class GetChangesCommand implements Command<GetChangesInput, GetChangesOutput> {
  readonly name = "GetChangesCommand";
  readonly repeat = "read";
  readonly input: GetChangesInput;
  readonly waitMs: number;

  constructor(input: GetChangesInput) {
    this.input = input;
    this.waitMs = input.waitMs ?? 0;
  }

  serialize(input: GetChangesInput, defaults: CommandDefaults): RequestParts {
    const { namespace, since, skip, path, recursive, limit, waitMs } = input;
    const headers = callerHeaders(input, defaults);
    const query = { since, skip, recursive, limit, waitMs };
    // Where the URL can say the path, permissions can be given by it.
    const isSayable = path !== undefined && path === commonPath([path]);
    return isSayable
      ? { ...routeTo("getChangesBelow", { namespace, path }, defaults), headers, query }
      : { ...routeTo("getChanges", { namespace }, defaults), headers, query: { path, ...query } };
  }

  deserialize(response: HttpResponse): GetChangesOutput {
    return jsonOf(response) as GetChangesOutput;
  }
}
