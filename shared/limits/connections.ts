/** Limits of what a gateway holds for the connections of its clients, whichever protocol they speak. */

/** Bytes of requests of all connections that are not answered: what a laptop has to spare. */
export const gatewayRequestBytesMax = 512 * 1024 * 1024;

/** Bytes of answers of all connections that their clients have not read: as much as of requests. */
export const gatewayAnswerBytesMax = 512 * 1024 * 1024;

/** How long a fetch waits for the answers of others to be read, where these take half of what they may. */
export const roomWaitMsMax = 1_000;

/** How long a client may take to read what it was sent, where answers take half of what they may: as for a slow line. */
export const heldScarceMsMax = 10_000;

/** How long a client may take to agree on TLS. */
export const tlsHandshakeMsMax = 10_000;

/** How seldom failed handshakes of one port leave a line: what knocks at a port again and again is told by its number. */
export const handshakeLineMsMin = 60_000;
