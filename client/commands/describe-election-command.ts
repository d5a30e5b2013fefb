import type { ElectionAnswer } from "../../shared/api/schemas/elections.ts";
import { callerHeaders, type CallerInput } from "../caller.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import type { RecordBytes } from "../record-bytes.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import { withData } from "../znode-answers.ts";

export interface DescribeElectionInput extends CallerInput {
  readonly election: string;
}

/** Who leads. */
export interface Leader {
  /** Of the candidate's znode. */
  readonly path: string;
  readonly fencingToken: number;
  readonly data: RecordBytes | null;
  readonly sessionId: string;
}

export interface DescribeElectionOutput {
  readonly leader: Leader | null;
  readonly candidates: number;
  /** For `ObserveElectionCommand`. */
  readonly since: string;
}

/**
 * Who leads.
 *
 * @throws StreamkeeperServiceException NO_AUTH | UNKNOWN_NAMESPACE | SESSION_EXPIRED | AUTH_FAILED | BAD_ARGUMENTS
 */
export class DescribeElectionCommand implements Command<DescribeElectionInput, DescribeElectionOutput> {
  readonly name = "DescribeElectionCommand";
  readonly repeat = "read";
  readonly input: DescribeElectionInput;

  constructor(input: DescribeElectionInput) {
    this.input = input;
  }

  serialize(input: DescribeElectionInput, defaults: CommandDefaults): RequestParts {
    const { namespace, election } = input;
    return {
      ...routeTo("describeElection", { namespace, election }, defaults),
      headers: callerHeaders(input, defaults),
    };
  }

  deserialize(response: HttpResponse): DescribeElectionOutput {
    const { leader, ...answer } = jsonOf(response) as ElectionAnswer;
    return { ...answer, leader: leader === null ? null : withData(leader) };
  }
}
