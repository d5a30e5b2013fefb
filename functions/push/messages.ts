/** What clients say over a connection for hints, and what they are answered; docs/push.md describes it. */
import type { ErrorCode } from "../../shared/api/errors.ts";
import { pushMessageBytesMax, subscriptionIdCharsMax } from "../../shared/limits/push.ts";
import type { Services } from "../../shared/services/services.ts";

type Answer =
  | { readonly type: "connection"; readonly connectionId: string }
  | { readonly type: "pong" }
  | { readonly type: "unsubscribed"; readonly subscriptionId: string }
  | { readonly type: "error"; readonly error: string; readonly message: string };

/**
 * Does what a message asks for.
 *
 * @returns the text of the answer
 * @throws ServiceError KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED
 */
export async function answerMessage(
  { push }: Pick<Services, "push">,
  connectionId: string,
  message: string,
): Promise<string> {
  return JSON.stringify(await answerTo(push, connectionId, message));
}

async function answerTo(push: Services["push"], connectionId: string, message: string): Promise<Answer> {
  const { action, subscriptionId } = fieldsOf(message);
  switch (action) {
    case "connection":
      return { type: "connection", connectionId };
    case "ping":
      return { type: "pong" };
    case "unsubscribe": {
      if (typeof subscriptionId !== "string" || subscriptionId.length > subscriptionIdCharsMax) {
        return refusal("subscriptionId must be what subscribing answered");
      }
      await push.unsubscribe(connectionId, subscriptionId);
      return { type: "unsubscribed", subscriptionId };
    }
    default:
      return refusal("action must be connection, ping or unsubscribe");
  }
}

function refusal(message: string): Answer {
  return { type: "error", error: "INVALID_REQUEST" satisfies ErrorCode, message };
}

function fieldsOf(message: string): Readonly<Record<string, unknown>> {
  if (message.length > pushMessageBytesMax) return {};
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
