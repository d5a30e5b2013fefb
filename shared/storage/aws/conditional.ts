import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import type { StoredItem } from "./stored-values.ts";

/** The answer to a conditional write; `existing` is the item that stands there, where there is one and the store tells it. */
export type ConditionalAnswer<T> =
  | { readonly met: true; readonly output: T }
  | { readonly met: false; readonly existing?: StoredItem };

/** Turns a failed condition from an error into an answer. */
export async function conditionally<T>(send: () => Promise<T>): Promise<ConditionalAnswer<T>> {
  try {
    return { met: true, output: await send() };
  } catch (cause) {
    if (!(cause instanceof ConditionalCheckFailedException)) throw cause;
    return cause.Item === undefined ? { met: false } : { met: false, existing: cause.Item };
  }
}
