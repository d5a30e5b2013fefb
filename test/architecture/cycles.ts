/** The shortest way from `start` back to itself, without the last step, or undefined. */
function shortestCycle(graph: ReadonlyMap<string, readonly string[]>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) {
        const path = [node];
        for (let at = cameFrom.get(node); at !== undefined; at = cameFrom.get(at)) path.unshift(at);
        return path;
      }
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return undefined;
}

/**
 * Cycles of a graph, each as its nodes in order: the shortest through each node that is in one, and no node in two.
 * Breaking all that are reported and asking again ends with none.
 */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const reported = new Set<string>();
  const cycles: string[][] = [];
  for (const node of graph.keys()) {
    if (reported.has(node)) continue;
    const cycle = shortestCycle(graph, node);
    if (cycle === undefined || cycle.some((each) => reported.has(each))) continue;
    for (const each of cycle) reported.add(each);
    cycles.push(cycle);
  }
  return cycles;
}
