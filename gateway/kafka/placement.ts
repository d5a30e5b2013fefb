/** Which gateway a client is sent to for a partition or a group. Any other serves it as well. */
import { chooseNode, keyOf, partitionKeyOf } from "./rendezvous.ts";

/** A gateway as clients know it: one of Kafka's brokers. */
export interface Broker {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** Who is there, as far as a gateway knows. */
export interface Members {
  /** The gateway that this process is. */
  readonly self: Broker;
  /** All that are alive, itself among them, by node id. */
  readonly brokers: readonly Broker[];
  /** The controller's node id. */
  readonly controllerId: number | undefined;
}

export interface Placement {
  /** The gateway that this process is. */
  readonly self: Broker;
  /** All that are alive, by node id. */
  brokers(): readonly Broker[];
  /** Who is named as the leader of a partition. */
  leaderOf(topicId: string, partition: number): Broker;
  /** Who is named as the coordinator of a group or a transactional id. */
  coordinatorOf(key: string): Broker;
  /** Who is named as the controller. */
  controller(): Broker;
}

/** @param members asked anew each time: from memory */
export function placementAmong(members: () => Members): Placement {
  return {
    get self() {
      return members().self;
    },
    brokers: () => members().brokers,
    leaderOf: (topicId, partition) => {
      const { brokers, self } = members();
      return chooseNode(partitionKeyOf(topicId, partition), brokers) ?? self;
    },
    coordinatorOf: (key) => {
      const { brokers, self } = members();
      return chooseNode(keyOf(key), brokers) ?? self;
    },
    controller: () => {
      const { brokers, controllerId, self } = members();
      // Between two controllers one that lives will do: each takes what clients send to it.
      return brokers.find(({ nodeId }) => nodeId === controllerId) ?? brokers[0] ?? self;
    },
  };
}

/** A gateway that stands alone. */
export function alone(self: Broker): Placement {
  return placementAmong(() => ({ self, brokers: [self], controllerId: self.nodeId }));
}
