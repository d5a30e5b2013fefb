import type { CampaignAnswer } from "../../shared/api/schemas/elections.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { type RecordBytes, toWireOrNull } from "../record-bytes.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface CampaignInput extends CallerInput {
  readonly election: string;
  /** Tells several contenders of one session apart. */
  readonly contenderId?: string | undefined;
  /** Default null. Only of a new candidate: a leader proclaims. */
  readonly data?: RecordBytes | null | undefined;
  /** Long poll, 0 to 25,000. Default 0. */
  readonly waitMs?: number | undefined;
}

export type CampaignOutput = CampaignAnswer;

/**
 * Stands for election, and waits to be elected; sent again it goes on waiting.
 *
 * @throws StreamkeeperServiceException NO_AUTH | QUOTA_EXCEEDED | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class CampaignCommand implements Command<CampaignInput, CampaignOutput> {
  readonly name = "CampaignCommand";
  readonly repeat = "repeatable";
  readonly input: CampaignInput;
  readonly waitMs: number;

  constructor(input: CampaignInput) {
    this.input = input;
    this.waitMs = input.waitMs ?? 0;
  }

  serialize(input: CampaignInput, defaults: CommandDefaults): RequestParts {
    const { namespace, election, contenderId, data, waitMs } = input;
    return {
      ...routeTo("campaign", { namespace, election }, defaults),
      headers: callerHeaders(input, defaults),
      json: { contenderId, data: data === undefined ? undefined : toWireOrNull(data), waitMs },
    };
  }

  deserialize(response: HttpResponse): CampaignOutput {
    return jsonOf(response) as CampaignOutput;
  }
}
