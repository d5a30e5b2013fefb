/** Limits of gateways that share a store. */

/** How soon a gateway's work moves when it is gone, as a Kafka broker's session in ZooKeeper before Kafka 2.5. */
export const gatewaySessionTimeoutMsDefault = 6_000;

/** How often a gateway looks who else is there: one query, in which it also sees what else has changed in the tree. */
export const gatewayWatchMs = 1_000;

/** A gateway that could not register again tries once more after this. */
export const gatewayRejoinMs = 1_000;

/** Tries to write what others write at the same time: each that fails was overtaken by one that did not. */
export const gatewayRegistrationsMax = 100;

/** Gateways of one cluster that are told to clients; each watches another one. */
export const gatewaysMax = 500;

/** Node ids that gateways choose begin here, as Kafka's beyond reserved.broker.max.id: those below are for who names one. */
export const firstChosenNodeId = 1_001;

/** The node id of a gateway that has a store to itself. */
export const loneNodeId = 1;

/** How long a connection to another gateway may take to come about: it is only asked whether it is there. */
export const peerConnectMsMax = 2_000;

/** How often a gateway that cannot be reached is tried, and one that ends connections at once. */
export const peerRetryMs = 1_000;
