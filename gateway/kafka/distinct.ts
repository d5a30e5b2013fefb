/**
 * Each item once, the first of those that have the same key. What is told of a group or a topic may be a thousand times as long as
 * its name, so nobody is told twice in one answer.
 */
export function distinct<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] {
  const found = new Map<string, Item>();
  for (const item of items) {
    const key = keyOf(item);
    if (!found.has(key)) found.set(key, item);
  }
  return [...found.values()];
}
