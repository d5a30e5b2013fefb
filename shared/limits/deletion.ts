/** Limits of what is done for namespaces, groups and topics that are deleted, each with its reason. Units stand at the end of the names. */
import { treeLogKeptMs } from "../limits.ts";

/** Groups of one page are up to 300 KB each, so more would not fit an answer of DynamoDB. */
export const erasedPageItems = 100;
/** Items that are deleted at the same time: 16 at 5 ms each are 3,000 a second. */
export const erasedAtOnce = 16;
/** What the request that deletes a namespace erases itself, of its 29 s; the sweep goes on. */
export const eraseInRequestMsMax = 10_000;
/** What one sweep spends on one deleted namespace: 180,000 items; the next one goes on. */
export const eraseInSweepMsMax = 60_000;
/** Pages of namespaces that one sweep looks at for deleted ones: a million namespaces. */
export const deletedNamespacePagesMax = 1_000;
/** A deleted namespace is looked at again until its tree's log is as old as it is ever kept. */
export const deletedNamespaceKeptMs = treeLogKeptMs + 86_400_000;
/** Pages of groups that one sweep of a namespace clears of deleted topics: 100,000 groups; the next one goes on. */
export const clearedGroupPagesMax = 1_000;
