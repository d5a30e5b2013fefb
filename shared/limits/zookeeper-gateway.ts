/** Limits of the gateway for ZooKeeper's protocol. */

/** ZooKeeper's own port. */
export const zookeeperPortDefault = 2181;

/** ZooKeeper's tickTime: timeouts of sessions are between 2 and 20 of them. */
export const tickMsDefault = 2_000;
/** Timeouts of sessions are then from 1 s on, and at most what a lease may have. */
export const tickMsMin = 500;
export const tickMsMax = 20_000;
export const ticksOfTimeoutMin = 2;
export const ticksOfTimeoutMax = 20;

/** Bytes of a frame that a client sends: a multi as large as a tree takes one (4 MiB), and what stands around its data. */
export const zookeeperFrameBytesMax = 5 * 1024 * 1024;
/** Bytes of the first frame, which asks for a session. */
export const connectFrameBytesMax = 1_024;

/** Connections of one gateway: as many as a tree may have sessions would be 100,000, each some KB. */
export const zookeeperConnectionsMax = 50_000;
/** A connection that has not asked for a session is closed after this. */
export const connectWaitMsMax = 10_000;
/** A connection that ends is closed after this, whether its client has read what it was sent or not. */
export const endWaitMsMax = 10_000;
/** How long a gateway that closes waits for answers that are under way to be made and read. */
export const zookeeperCloseMsMax = 2_000;

/** Requests of one connection that are read and not answered: ZooKeeper's globalOutstandingLimit is 1,000. */
export const outstandingRequestsMax = 1_000;
/** What an operation of a multi takes beside its bytes once it is read, as the request's and as the tree's: the smallest has 18 bytes. */
export const multiPartBytes = 180;
/** Writes of all connections that wait for the tree: fewer than it takes, so that none of them is turned away. */
export const outstandingWritesMax = 4_000;
/** Turns of the event loop that a write waits while each brings others: one more than the last that did takes some microseconds. */
export const gatheringTurnsMax = 8;

/** Bytes of answers that a client has not read before no more of its requests are. */
export const unreadAnswerBytesMax = 1024 * 1024;
/** The same where answers of all connections take half of what they may: not less than a socket takes without saying that it is full. */
export const unreadAnswerBytesScarce = 128 * 1024;
/** Answers and events that a client does not read are kept in blocks of so many bytes: for each write to a socket there is more to be kept. */
export const keptBlockBytes = 16 * 1024;
/** Bytes of answers and events that a client may leave unread: one that does not read loses its connection. */
export const unsentBytesMax = 64 * 1024 * 1024;

/** Watches of one connection, and of all connections: each is 150 bytes, and 350 where nobody else watches the path. */
export const watchesOfConnectionMax = 500_000;
export const watchesMax = 4_000_000;
/** UTF-16 code units of the watched paths of one connection, and of all: 64 for each on average. Who is absent may be watched as well. */
export const watchCharsOfConnectionMax = 32_000_000;
export const watchCharsMax = 256_000_000;
/** Who a connection may say that it is: each is looked at for each row of an access control list. */
export const identitiesMax = 32;

/** How often a gateway looks for sessions of its clients whose time is over. */
export const expiryCheckMs = 250;
/** A gateway that looks so much later counts as one that stood still, which has not heard yet what its clients sent. */
export const standstillMs = 1_000;
/** Sessions that a gateway closes beside each other. */
export const expiringSessionsMax = 64;

/** Characters that a command of four letters answers at most: some 15,000 connections. */
export const wordAnswerCharsMax = 4 * 1024 * 1024;
