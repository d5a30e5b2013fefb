/** Subscriptions as items; what an item holds is checked on both ways. */
import { StorageCorruptError } from "../storage/errors.ts";
import type { Attributes, Item } from "../storage/item-store.ts";
import type { Identity } from "../tree/acl.ts";

/** What a subscription is for. Both hear of a log; a path is one part of what happens in a tree's. */
export type HintTarget =
  | { readonly kind: "partition"; readonly namespace: string; readonly topic: string; readonly partition: number }
  | { readonly kind: "path"; readonly namespace: string; readonly path: string; readonly recursive: boolean };

/** One who listens to a log. */
export interface Subscriber {
  readonly connectionId: string;
  readonly subscriptionId: string;
  readonly target: HintTarget;
  /** What access control lists are checked against. */
  readonly identities: readonly Identity[];
  /** Wall clock; from then on the connection cannot be there any more. */
  readonly untilMs: number;
}

export function subscriberAttributes(subscriber: Subscriber): Attributes {
  const { connectionId, subscriptionId, target, identities, untilMs } = subscriber;
  return {
    connectionId,
    subscriptionId,
    untilMs,
    target: JSON.stringify(target),
    identities: JSON.stringify(identities.map(({ scheme, id }) => ({ scheme, id }))),
  };
}

/** @throws StorageCorruptError if the item is no subscriber's */
export function subscriberOf({ key, attributes }: Item): Subscriber {
  const { connectionId, subscriptionId, untilMs, target, identities } = attributes;
  const isWhole =
    typeof connectionId === "string" &&
    typeof subscriptionId === "string" &&
    typeof untilMs === "number" &&
    typeof target === "string" &&
    typeof identities === "string";
  if (!isWhole) throw new StorageCorruptError(`no subscriber: ${key.partition} ${key.sort}`);
  return {
    connectionId,
    subscriptionId,
    untilMs,
    target: targetOf(parsed(target)),
    identities: identitiesOf(parsed(identities)),
  };
}

function targetOf(value: unknown): HintTarget {
  if (isRecord(value)) {
    const { kind, namespace, topic, partition, path, recursive } = value;
    if (kind === "partition" && isText(namespace) && isText(topic) && typeof partition === "number") {
      return { kind, namespace, topic, partition };
    }
    if (kind === "path" && isText(namespace) && isText(path) && typeof recursive === "boolean") {
      return { kind, namespace, path, recursive };
    }
  }
  throw new StorageCorruptError("no target of a subscription");
}

function identitiesOf(value: unknown): readonly Identity[] {
  if (!Array.isArray(value)) throw new StorageCorruptError("no identities of a subscriber");
  return value.map((identity: unknown) => {
    if (isRecord(identity) && isText(identity["scheme"]) && isText(identity["id"])) {
      return { scheme: identity["scheme"], id: identity["id"] };
    }
    throw new StorageCorruptError("no identity of a subscriber");
  });
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (cause) {
    throw new StorageCorruptError("a subscription is not JSON", { cause });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
