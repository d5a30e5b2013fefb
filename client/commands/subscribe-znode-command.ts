import type { SubscribedAnswer } from "../../shared/api/schemas/push.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface SubscribeZnodeInput extends CallerInput {
  readonly path: string;
  /** All znodes below the path as well. */
  readonly recursive?: boolean | undefined;
  /** Of a WebSocket connection that the caller has open. */
  readonly connectionId: string;
}

export type SubscribeZnodeOutput = SubscribedAnswer;

/**
 * Has a connection told when a znode changes. Watches do so by themselves.
 *
 * @throws StreamkeeperServiceException UNKNOWN_CONNECTION | QUOTA_EXCEEDED | NO_AUTH | AUTH_FAILED | UNKNOWN_NAMESPACE |
 *   SESSION_EXPIRED | BAD_ARGUMENTS
 */
export class SubscribeZnodeCommand implements Command<SubscribeZnodeInput, SubscribeZnodeOutput> {
  readonly name = "SubscribeZnodeCommand";
  readonly repeat = "repeatable";
  readonly input: SubscribeZnodeInput;

  constructor(input: SubscribeZnodeInput) {
    this.input = input;
  }

  serialize(input: SubscribeZnodeInput, defaults: CommandDefaults): RequestParts {
    const { namespace, path, connectionId, recursive } = input;
    const route = path === "/" ? "subscribeToRoot" : "subscribeToZnode";
    return {
      ...routeTo(route, { namespace, path }, defaults),
      headers: callerHeaders(input, defaults),
      json: { connectionId, recursive },
    };
  }

  deserialize(response: HttpResponse): SubscribeZnodeOutput {
    return jsonOf(response) as SubscribeZnodeOutput;
  }
}
