import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";
import type { ConfigureShareGroupAnswer } from "../../shared/api/schemas/share-groups.ts";

export interface ConfigureShareGroupInput {
  readonly namespace?: string | undefined;
  readonly group: string;
  /** How long a record is a worker's: 1,000 to 3,600,000. Default 30,000. */
  readonly lockMs?: number | undefined;
  /** Deliveries after which a record is given up: 1 to 100. Default 5. */
  readonly deliveriesMax?: number | undefined;
  /** Where records go that are given up; without one they are dropped. */
  readonly deadLetterTopic?: string | undefined;
  /** Where the group begins in a partition that is new to it. Default `latest`. */
  readonly startAt?: "earliest" | "latest" | undefined;
  /** Default `read_uncommitted`. */
  readonly isolation?: "read_uncommitted" | "read_committed" | undefined;
}

export type ConfigureShareGroupOutput = ConfigureShareGroupAnswer;

/**
 * Makes a share group if there is none, and sets how it delivers.
 *
 * @throws StreamkeeperServiceException INVALID_CONFIG | INVALID_GROUP_ID | INCONSISTENT_GROUP_PROTOCOL
 */
export class ConfigureShareGroupCommand implements Command<ConfigureShareGroupInput, ConfigureShareGroupOutput> {
  readonly name = "ConfigureShareGroupCommand";
  readonly repeat = "repeatable";
  readonly input: ConfigureShareGroupInput;

  constructor(input: ConfigureShareGroupInput) {
    this.input = input;
  }

  serialize({ namespace, group, ...config }: ConfigureShareGroupInput, defaults: CommandDefaults): RequestParts {
    return { ...routeTo("configureShareGroup", { namespace, group }, defaults), json: { config } };
  }

  deserialize(response: HttpResponse): ConfigureShareGroupOutput {
    return jsonOf(response) as ConfigureShareGroupOutput;
  }
}
