/** A background duty as the body of an SQS message: JSON, so that it can be read and sent by hand. */
import type { Duty } from "../environment.ts";
import { StorageCorruptError } from "../errors.ts";

export function encodeDuty(duty: Duty): string {
  return JSON.stringify(duty);
}

/** @throws StorageCorruptError if `body` is no duty */
export function decodeDuty(body: string): Duty {
  const { kind, topicId, partition, namespace, sessionId } = parse(body);
  switch (kind) {
    case "seal":
    case "retain":
    case "collect":
      if (typeof topicId !== "string" || typeof partition !== "number" || !Number.isSafeInteger(partition)) break;
      return { kind, topicId, partition };
    case "reap":
      if (typeof namespace !== "string" || typeof sessionId !== "string" || !/^\d{1,19}$/.test(sessionId)) break;
      return { kind, namespace, sessionId };
    case "expire":
      if (typeof namespace !== "string") break;
      return { kind, namespace };
  }
  throw new StorageCorruptError(`not a duty: ${body.slice(0, 200)}`);
}

function parse(body: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new StorageCorruptError(`not a duty: ${body.slice(0, 200)}`, { cause });
  }
  return typeof value === "object" && value !== null ? { ...value } : {};
}
