import type { ObserveAnswer } from "../../shared/api/schemas/elections.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import { withData } from "../znode-answers.ts";
import type { Leader } from "./describe-election-command.ts";

export interface ObserveElectionInput extends CallerInput {
  readonly election: string;
  /** What an earlier answer gave, or a fencing token. */
  readonly since?: string | undefined;
  /** Long poll, 0 to 25,000. Default 0. */
  readonly waitMs?: number | undefined;
}

export interface ObserveElectionOutput {
  readonly leader: Leader | null;
  readonly since: string;
}

/**
 * Waits for another leader, or for what the leader proclaims.
 *
 * @throws StreamkeeperServiceException NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class ObserveElectionCommand implements Command<ObserveElectionInput, ObserveElectionOutput> {
  readonly name = "ObserveElectionCommand";
  readonly repeat = "read";
  readonly input: ObserveElectionInput;
  readonly waitMs: number;

  constructor(input: ObserveElectionInput) {
    this.input = input;
    this.waitMs = input.waitMs ?? 0;
  }

  serialize(input: ObserveElectionInput, defaults: CommandDefaults): RequestParts {
    const { namespace, election, since, waitMs } = input;
    return {
      ...routeTo("observeElection", { namespace, election }, defaults),
      headers: callerHeaders(input, defaults),
      query: { since, waitMs },
    };
  }

  deserialize(response: HttpResponse): ObserveElectionOutput {
    const { leader, since } = jsonOf(response) as ObserveAnswer;
    return { since, leader: leader === null ? null : withData(leader) };
  }
}
