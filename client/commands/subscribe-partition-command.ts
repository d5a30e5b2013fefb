import type { SubscribedAnswer } from "../../shared/api/schemas/push.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface SubscribePartitionInput {
  readonly namespace?: string | undefined;
  readonly topic: string;
  readonly partition: number;
  /** Of a WebSocket connection that the caller has open. */
  readonly connectionId: string;
}

export type SubscribePartitionOutput = SubscribedAnswer;

/**
 * Has a connection told when a partition grows. Readers and consumers do so by themselves.
 *
 * @throws StreamkeeperServiceException UNKNOWN_CONNECTION | QUOTA_EXCEEDED | UNKNOWN_TOPIC_OR_PARTITION | UNKNOWN_NAMESPACE
 */
export class SubscribePartitionCommand implements Command<SubscribePartitionInput, SubscribePartitionOutput> {
  readonly name = "SubscribePartitionCommand";
  readonly repeat = "repeatable";
  readonly input: SubscribePartitionInput;

  constructor(input: SubscribePartitionInput) {
    this.input = input;
  }

  serialize(input: SubscribePartitionInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic, partition, connectionId } = input;
    return { ...routeTo("subscribeToPartition", { namespace, topic, partition }, defaults), json: { connectionId } };
  }

  deserialize(response: HttpResponse): SubscribePartitionOutput {
    return jsonOf(response) as SubscribePartitionOutput;
  }
}
