import type { CreateProducerAnswer } from "../../shared/api/schemas/produce.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface CreateProducerInput {
  readonly namespace?: string;
}

export interface CreateProducerOutput {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Gets an id for an idempotent producer. @throws StreamkeeperServiceException UNKNOWN_NAMESPACE */
export class CreateProducerCommand implements Command<CreateProducerInput, CreateProducerOutput> {
  readonly name = "CreateProducerCommand";
  readonly repeat = "repeatable";
  readonly input: CreateProducerInput;

  constructor(input: CreateProducerInput = {}) {
    this.input = input;
  }

  serialize(input: CreateProducerInput, defaults: CommandDefaults): RequestParts {
    return { ...routeTo("createProducer", input, defaults), json: {} };
  }

  deserialize(response: HttpResponse): CreateProducerOutput {
    const { producerId, producerEpoch } = jsonOf(response) as CreateProducerAnswer;
    return { producerId: BigInt(producerId), producerEpoch };
  }
}
