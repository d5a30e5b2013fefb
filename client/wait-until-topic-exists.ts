import { setTimeout as sleep } from "node:timers/promises";

import { DescribeTopicCommand } from "./commands/describe-topic-command.ts";
import type { DescribeTopicInput, DescribeTopicOutput } from "./commands/describe-topic-command.ts";
import { isServiceException } from "./exceptions.ts";
import type { CommandSender } from "./command.ts";

export interface WaiterOptions {
  readonly client: CommandSender;
  /** Seconds, as the AWS SDK's waiters have it. */
  readonly maxWaitTime: number;
  /** Seconds between two looks at first; doubled each time. Default 0.1. */
  readonly minDelay?: number;
  /** Default 5. */
  readonly maxDelay?: number;
  readonly abortSignal?: AbortSignal;
}

/** The time was over before what was waited for came about. */
export class WaiterTimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Waits until a topic can be described.
 *
 * @throws WaiterTimeoutError after `maxWaitTime`
 * @throws StreamkeeperException for anything but the topic's absence
 */
export async function waitUntilTopicExists(
  options: WaiterOptions,
  input: DescribeTopicInput,
): Promise<DescribeTopicOutput> {
  const { client, abortSignal, minDelay = 0.1, maxDelay = 5 } = options;
  const signal = abortSignal === undefined ? {} : { signal: abortSignal };
  const sendOptions = abortSignal === undefined ? {} : { abortSignal };
  const endMs = performance.now() + options.maxWaitTime * 1_000;
  for (let delay = minDelay; ; delay = Math.min(maxDelay, delay * 2)) {
    try {
      return await client.send(new DescribeTopicCommand(input), sendOptions);
    } catch (error) {
      if (!isServiceException(error, "UNKNOWN_TOPIC_OR_PARTITION")) throw error;
      const restMs = endMs - performance.now();
      if (restMs <= 0) {
        throw new WaiterTimeoutError(`topic ${input.topic} is not there after ${options.maxWaitTime} s`, {
          cause: error,
        });
      }
      await sleep(Math.min(restMs, delay * 1_000), undefined, signal);
    }
  }
}
