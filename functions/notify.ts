/** The Lambda function that tells subscribers of logs that have grown, as the stream of the log table reports them. */
import type { DynamoDBStreamEvent } from "aws-lambda";
import { createHintServices, type HintServices } from "../shared/services/capability-services.ts";
import { awsConnectionsFromEnvironment } from "../shared/storage/aws/api-gateway-connections.ts";
import { createNodeEnvironment } from "../shared/storage/node/node-environment.ts";
import { inContainer } from "./container.ts";
import { createBackgroundHandler } from "./duties/background-handler.ts";
import type { BackgroundHandler } from "./duties/background-handler.ts";
import { writeLog } from "./http/log.ts";
import type { Log } from "./http/log.ts";
import { grownLogsOf } from "./push/grown-logs.ts";

export type NotifyHandler = BackgroundHandler<DynamoDBStreamEvent, void>;

export function createNotifyHandler({ hints }: HintServices, log: Log = writeLog): NotifyHandler {
  return createBackgroundHandler(
    "notify",
    async (event) => {
      const { failed } = await hints.notify(grownLogsOf(event));
      if (failed > 0) log("WARN", "hints lost", { failed });
    },
    log,
  );
}

/** Entry of the Lambda function. */
export const handler: NotifyHandler = inContainer(
  (storage) => createHintServices(storage, awsConnectionsFromEnvironment(process.env, createNodeEnvironment())),
  createNotifyHandler,
);
