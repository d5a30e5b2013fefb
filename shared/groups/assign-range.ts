/**
 * The range assignor: of each topic every subscriber gets neighbours, the first ones one more where they do not divide.
 * Topics with the same subscribers and as many partitions are cut alike, so that records which belong together by their
 * keys meet in one member.
 */
import { type AssignableTopic, type Assignment, inOrder, type Subscriber } from "./assign-uniform.ts";
import { partitionKeyOf } from "./group-state.ts";

export function assignRanges(members: readonly Subscriber[], topics: readonly AssignableTopic[]): Assignment {
  const ordered = inOrder(members);
  const assignment: Assignment = new Map(ordered.map(({ memberId }) => [memberId, new Set()]));
  for (const { topicId, partitions } of topics) {
    const subscribers = ordered.filter(({ topicIds }) => topicIds.has(topicId));
    for (const [index, { memberId }] of subscribers.entries()) {
      const first = cut(index, subscribers.length, partitions);
      const end = cut(index + 1, subscribers.length, partitions);
      for (let partition = first; partition < end; partition += 1) {
        assignment.get(memberId)?.add(partitionKeyOf(topicId, partition));
      }
    }
  }
  return assignment;
}

/** Where the part of the member at `index` begins. */
function cut(index: number, members: number, partitions: number): number {
  return index * Math.floor(partitions / members) + Math.min(index, partitions % members);
}
