/** What can be subscribed to, and how it is named. */
import type { Hint } from "../../shared/api/push-messages.ts";
import type { SubscribedAnswer } from "../../shared/api/schemas/push.ts";
import type { CommandSender } from "../command.ts";
import { SubscribePartitionCommand } from "../commands/subscribe-partition-command.ts";
import { SubscribeZnodeCommand } from "../commands/subscribe-znode-command.ts";
import type { HintPlace, HintReader } from "./hint-source.ts";

/** A place with its namespace. */
export type Place = HintPlace & { readonly namespace: string };

/** The same for two places that one subscription serves. */
export function keyOf(place: Place): string {
  const { auth, session }: HintReader = place.kind === "path" ? place.reader : {};
  return JSON.stringify([hintKeyOf(place), auth, session]);
}

/** What a hint names of a place. */
export function hintKeyOf(place: Place): string {
  return place.kind === "partition"
    ? JSON.stringify([place.namespace, place.topic, place.partition])
    : JSON.stringify([place.namespace, place.path, place.recursive]);
}

export function keyOfHint(hint: Hint): string {
  return hint.type === "partition"
    ? JSON.stringify([hint.namespace, hint.topic, hint.partition])
    : JSON.stringify([hint.namespace, hint.path, hint.recursive]);
}

/** Up to where there is something to read. */
export function positionOf(hint: Hint): number {
  return hint.type === "partition" ? hint.offset : hint.zxid;
}

export function subscribe(sender: CommandSender, place: Place, connectionId: string): Promise<SubscribedAnswer> {
  if (place.kind === "partition") {
    const { namespace, topic, partition } = place;
    return sender.send(new SubscribePartitionCommand({ namespace, topic, partition, connectionId }));
  }
  const { namespace, path, recursive, reader } = place;
  return sender.send(new SubscribeZnodeCommand({ ...reader, namespace, path, recursive, connectionId }));
}
