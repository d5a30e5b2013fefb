/** Limits of who may use the Kafka gateway, and how much. */

/** Of one SASL message: names and passwords are short, and whoever sends it has proven nothing yet. */
export const saslMessageBytesMax = 8_192;
/** Of a user's name; it is part of a znode's path, where each character may take nine. */
export const userNameCharsMax = 255;
/** PBKDF2 rounds of a credential, as Kafka bounds them: fewer are too easy to try, more too costly for whoever checks. */
export const scramIterationsMin = 4_096;
export const scramIterationsMax = 16_384;
export const scramIterationsDefault = 4_096;
export const scramSaltBytesMax = 128;
export const scramSaltBytesDefault = 16;
/** PBKDF2 runs of one process at a time: the threads for it are four, and the store needs some of them. */
export const passwordChecksAtOnceMax = 2;
/** Those that wait for their turn; each takes some milliseconds, so the last one waits less than a second. */
export const passwordChecksWaitingMax = 64;
/** Time that a connection has from its first byte until it has authenticated, in milliseconds. */
export const authenticationMsMax = 30_000;
/** A refused authentication is answered no sooner, in milliseconds (Kafka's `connection.failed.authentication.delay.ms`). */
export const failedAuthenticationDelayMs = 100;
/** Changes of one znode are tried this often against others that change it too. */
export const securityWriteAttemptsMax = 10;
/** Znodes below one root that a gateway keeps in memory; with more lists than that only super users may do anything. */
export const securityZnodesMax = 20_000;
/** Rows of one resource's access control list; a znode has room for some thousands. */
export const kafkaAclsPerResourceMax = 1_000;
/** Rows that one request creates, or filters that it deletes by. */
export const kafkaAclsPerRequestMax = 1_000;
/** Of a principal's, resource's or host's name. */
export const kafkaAclTextCharsMax = 1_000;
/** Users that one request changes: each is a write of its own. */
export const scramAlterationsMax = 1_000;
/** A connection whose quota is used up waits at most this long at a time, in milliseconds (Kafka's window of one second times its samples). */
export const throttleTimeMsMax = 10_000;
/** Users and clients whose use one process counts; beyond it the least recently used is forgotten, and counted from nothing. */
export const quotaMetersMax = 10_000;
/** Znodes whose access control lists a gateway puts right at the same time: their writes are grouped. */
export const guardedAtOnceMax = 100;
/** Names of znodes that it reads at a time. */
export const guardedPageMax = 1_000;
