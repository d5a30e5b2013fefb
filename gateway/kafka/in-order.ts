import { parallelPartsMax } from "../../shared/limits/kafka-gateway.ts";

/** Does something for each item, for some of them at a time; the results stand in the order of the items. */
export async function inOrder<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of entries) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(parallelPartsMax, items.length) }, worker));
  return results;
}
