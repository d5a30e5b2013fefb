/** One partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Some partitions of one topic, in ascending order. */
export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** Tells partitions apart: no topic's name has a slash. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

export function listPartitions(grouped: readonly TopicPartitions[]): readonly TopicPartition[] {
  return grouped.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}

/** By topic, in ascending order. */
export function groupByTopic(partitions: Iterable<TopicPartition>): readonly TopicPartitions[] {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const numbers = byTopic.get(topic);
    if (numbers === undefined) byTopic.set(topic, [partition]);
    else numbers.push(partition);
  }
  return [...byTopic]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([topic, numbers]) => ({ topic, partitions: numbers.toSorted((one, other) => one - other) }));
}

/** What is to be given up, and what comes to it, on the way from what is owned to a target. */
export function changeOf<Owned extends TopicPartition>(
  owned: Iterable<Owned>,
  target: readonly TopicPartitions[],
): { readonly revoked: readonly Owned[]; readonly added: readonly TopicPartition[] } {
  const held = [...owned];
  const heldKeys = new Set(held.map(keyOf));
  const wanted = listPartitions(target);
  const wantedKeys = new Set(wanted.map(keyOf));
  return {
    revoked: held.filter((partition) => !wantedKeys.has(keyOf(partition))),
    added: wanted.filter((partition) => !heldKeys.has(keyOf(partition))),
  };
}
