/** Makes of an archived tree the one of a new deployment: with its znodes and zxids, without the sessions of the old one. */
import { zxid } from "../../brand.ts";
import {
  encodeAssignment,
  encodeKeptId,
  findTopic,
  partitionsPath,
  topicPath,
  topicsPath,
} from "../../topics/topic-znodes.ts";
import { applyTransaction } from "../../tree/apply.ts";
import { decide } from "../../tree/decide.ts";
import type { ZnodeTree } from "../../tree/znode-tree.ts";

/** A topic of the archive, under the id that it has from now on. */
export interface ImportedTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/**
 * Gives every topic an id of its own: where the archive came from, its logs may still be in use.
 *
 * @param newId makes random ids
 */
export function renameTopics(tree: ZnodeTree, newId: () => string): readonly ImportedTopic[] {
  const topics: ImportedTopic[] = [];
  for (const name of [...tree.childNames(topicsPath)].toSorted()) {
    const found = findTopic(tree, name);
    const node = tree.edit(topicPath(name));
    if (found === undefined || node === undefined) continue;
    const topic = { name, topicId: newId(), partitions: found.partitions, config: found.config };
    node.data = encodeAssignment(topic);
    const kept = tree.edit(partitionsPath(name));
    if (kept !== undefined) kept.data = encodeKeptId(topic.topicId);
    topics.push(topic);
  }
  return topics;
}

/** Closes all sessions, each at the next zxid: who held them is connected elsewhere, and what was ephemeral goes. */
export function closeSessions(tree: ZnodeTree, nowMs: number): void {
  for (const sessionId of tree.sessions.keys()) {
    const asked = { request: { identities: [] }, time: nowMs };
    const decision = decide(tree, { kind: "closeSession", sessionId }, asked);
    if ("changes" in decision) applyTransaction(tree, decision, zxid(tree.lastZxid + 1), nowMs);
  }
}
