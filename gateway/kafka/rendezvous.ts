/**
 * Rendezvous hashing: every key ranks all nodes, and the first of them that lives has it. Whoever knows the same nodes says the
 * same, and when a node goes, only its own keys move, to all others.
 */
import { murmur2 } from "../../shared/record/murmur2.ts";

const utf8 = new TextEncoder();
/** 2^32 divided by the golden ratio: neighbours are far from each other. */
const spread = 0x9e37_79b1;

export function keyOf(text: string): number {
  return murmur2(utf8.encode(text));
}

export function partitionKeyOf(topicId: string, partition: number): number {
  return (keyOf(topicId) + Math.imul(partition, spread)) | 0;
}

/** Undefined where there are none. */
export function chooseNode<Node extends { readonly nodeId: number }>(
  key: number,
  nodes: readonly Node[],
): Node | undefined {
  let chosen: Node | undefined;
  let highest = -1;
  for (const node of nodes) {
    const rank = mix(key ^ mix(Math.imul(node.nodeId, spread)));
    if (rank <= highest) continue;
    chosen = node;
    highest = rank;
  }
  return chosen;
}

/** The end of MurmurHash3: every bit of the result depends on every bit of `value`, and no two values have the same. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
