/** Which gateway a client is sent to for a partition or a group. Any other serves it as well. */

/** A gateway as clients know it: one of Kafka's brokers. */
export interface Broker {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
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

/** A gateway that stands alone. */
export function alone(self: Broker): Placement {
  return {
    self,
    brokers: () => [self],
    leaderOf: () => self,
    coordinatorOf: () => self,
    controller: () => self,
  };
}
