import type { WhoAmIAnswer } from "../../shared/api/schemas/znodes.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface WhoAmIInput extends CallerInput {}

export type WhoAmIOutput = WhoAmIAnswer;

/**
 * Who the service takes the caller for.
 *
 * @throws StreamkeeperServiceException AUTH_FAILED
 */
export class WhoAmICommand implements Command<WhoAmIInput, WhoAmIOutput> {
  readonly name = "WhoAmICommand";
  readonly repeat = "read";
  readonly input: WhoAmIInput;

  constructor(input: WhoAmIInput) {
    this.input = input;
  }

  serialize(input: WhoAmIInput, defaults: CommandDefaults): RequestParts {
    const { namespace } = input;
    return {
      ...routeTo("whoAmI", { namespace }, defaults),
      headers: callerHeaders(input, defaults),
    };
  }

  deserialize(response: HttpResponse): WhoAmIOutput {
    return jsonOf(response) as WhoAmIOutput;
  }
}
