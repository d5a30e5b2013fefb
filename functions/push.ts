/** The Lambda function behind the WebSocket API: connections for hints, and what clients say over them. */
import { createPushServices, type PushServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { createBackgroundHandler } from "./duties/background-handler.ts";
import type { BackgroundHandler } from "./duties/background-handler.ts";
import { transportPrincipal } from "./http/caller.ts";
import { writeLog } from "./http/log.ts";
import type { Log } from "./http/log.ts";
import { answerMessage } from "./push/messages.ts";
import type { WebSocketAnswer, WebSocketEvent } from "./push/websocket-event.ts";

export type PushHandler = BackgroundHandler<WebSocketEvent, WebSocketAnswer>;

export function createPushHandler(services: PushServices, log: Log = writeLog): PushHandler {
  return createBackgroundHandler("push", async (event) => await serve(services, event), log);
}

async function serve(services: PushServices, { requestContext, body }: WebSocketEvent): Promise<WebSocketAnswer> {
  const { eventType, connectionId, identity = {} } = requestContext;
  switch (eventType) {
    case "CONNECT":
      await services.push.connect({ connectionId, principal: transportPrincipal(identity) });
      return { statusCode: 200 };
    case "DISCONNECT":
      await services.push.disconnect(connectionId);
      return { statusCode: 200 };
    case "MESSAGE":
      return { statusCode: 200, body: await answerMessage(services, connectionId, body ?? "") };
  }
}

/** Entry of the Lambda function. */
export const handler: PushHandler = inContainer(createPushServices, createPushHandler);
