/** Zxids that do not follow each other on both sides. @param zxids ours, by those of a real ZooKeeper */
export function findDisorder(zxids: Iterable<readonly [number, number]>): string | undefined {
  let last = -1;
  for (const [real, ours] of [...zxids].toSorted(([one], [other]) => one - other)) {
    if (ours <= last) return `zxid ${real} is ${ours} here, after ${last}`;
    last = ours;
  }
  return undefined;
}
