/** Bounds of what is measured, each with its reason. */

/** How often a process that hears of a group looks how far behind it is: CloudWatch keeps a value per minute. */
export const lagLookMs = 60_000;
/** Partitions of a group at which its members' heartbeats look: with two small requests each it takes some 50 ms once a minute. */
export const lagLookPartitionsMax = 128;
/** A heartbeat must not wait for it: a tenth of the shortest session that most choose. */
export const lagLookMsMax = 1_000;
/** Two looks at a group closer together than this tell nothing of its pace: it commits every few seconds. */
export const lagPaceMsMin = 10_000;
/** Partitions whose pace one process remembers: about 100 bytes each. */
export const lagPartitionsKnownMax = 20_000;
/** Groups that one refresh of all gauges looks at, and how long it may take: a scrape waits for it, for 10 s by default. */
export const gaugeGroupsMax = 1_000;
export const gaugeRefreshMsMax = 5_000;
/** How long refreshed gauges are good enough, so that many scrapes cost as one. */
export const gaugeFreshMs = 10_000;
/** Namespaces whose groups one refresh looks at. */
export const gaugeNamespacesMax = 100;
