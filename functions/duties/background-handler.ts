import middy from "@middy/core";
import type { Context } from "aws-lambda";
import type { InvocationContext } from "../http/event.ts";
import { describeError } from "../http/log.ts";
import type { Log } from "../http/log.ts";

export type BackgroundHandler<Event, Answer> = (event: Event, context: InvocationContext) => Promise<Answer>;

/** A middy handler that nobody waits for: a failure is logged, and thrown so that Lambda counts it and tries again. */
export function createBackgroundHandler<Event, Answer>(
  name: string,
  work: BackgroundHandler<Event, Answer>,
  log: Log,
): BackgroundHandler<Event, Answer> {
  const handler = middy<Event, Answer>(async (event: Event, context: Context) => work(event, context)).onError(
    ({ error, context }) => {
      const { metrics, awsRequestId }: InvocationContext = context;
      metrics?.count("DutyFailures", 1, { duty: name });
      log("ERROR", `${name} failed`, { invocationId: awsRequestId, cause: describeError(error) });
    },
  );
  return async (event, context) => handler(event, context as Context);
}
