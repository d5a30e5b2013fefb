/** A background duty as the body of an SQS message: JSON, so that it can be read and sent by hand. */
import type { Duty } from "../environment.ts";
import { StorageCorruptError } from "../errors.ts";

export function encodeDuty(duty: Duty): string {
  return JSON.stringify({ kind: duty.kind, topicId: duty.topicId, partition: duty.partition });
}

/** @throws StorageCorruptError if `body` is no duty */
export function decodeDuty(body: string): Duty {
  const { kind, topicId, partition } = parse(body);
  const known = kind === "seal" || kind === "retain" || kind === "collect";
  if (known && typeof topicId === "string" && typeof partition === "number" && Number.isSafeInteger(partition)) {
    return { kind, topicId, partition };
  }
  throw new StorageCorruptError(`not a duty: ${body.slice(0, 200)}`);
}

function parse(body: string): { readonly kind?: unknown; readonly topicId?: unknown; readonly partition?: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new StorageCorruptError(`not a duty: ${body.slice(0, 200)}`, { cause });
  }
  return typeof value === "object" && value !== null ? value : {};
}
