import type { EdgeRows } from "./dependency-graph.ts";

/**
 * Strongly connected components of more than one node, by the edges of some kinds and the nodes of a set (Tarjan's
 * algorithm, without recursion, in linear time).
 * @param isMember - By node; all nodes if it is left out.
 */
export function components(rows: EdgeRows, kindsMask: number, isMember?: (node: number) => boolean): number[][] {
  const { nodesCount, starts, targets, kinds } = rows;
  const indexes = new Int32Array(nodesCount);
  const lows = new Int32Array(nodesCount);
  const isOnStack = new Uint8Array(nodesCount);
  const nextEdges = new Int32Array(nodesCount);
  const stack = new Int32Array(nodesCount);
  const path = new Int32Array(nodesCount);
  const found: number[][] = [];
  let [stackLength, pathLength, index] = [0, 0, 0];

  const enter = (node: number): void => {
    index += 1;
    indexes[node] = index;
    lows[node] = index;
    isOnStack[node] = 1;
    nextEdges[node] = starts[node] ?? 0;
    stack[stackLength] = node;
    stackLength += 1;
    path[pathLength] = node;
    pathLength += 1;
  };
  const leave = (node: number): void => {
    pathLength -= 1;
    if (lows[node] === indexes[node]) {
      const end = stackLength;
      let member: number;
      do {
        stackLength -= 1;
        member = stack[stackLength] ?? 0;
        isOnStack[member] = 0;
      } while (member !== node);
      if (end - stackLength > 1) found.push([...stack.subarray(stackLength, end)]);
    }
    if (pathLength === 0) return;
    const parent = path[pathLength - 1] ?? 0;
    lows[parent] = Math.min(lows[parent] ?? 0, lows[node] ?? 0);
  };
  /** The next node that a node leads to and that was not entered yet; -1 if there is none. */
  const advance = (node: number): number => {
    const end = starts[node + 1] ?? 0;
    for (let edge = nextEdges[node] ?? 0; edge < end; edge += 1) {
      const target = targets[edge] ?? 0;
      if (((kinds[edge] ?? 0) & kindsMask) === 0 || isMember?.(target) === false) continue;
      if (indexes[target] === 0) {
        nextEdges[node] = edge + 1;
        return target;
      }
      if (isOnStack[target] === 1) lows[node] = Math.min(lows[node] ?? 0, indexes[target] ?? 0);
    }
    nextEdges[node] = end;
    return -1;
  };

  for (let root = 0; root < nodesCount; root += 1) {
    if (indexes[root] !== 0 || isMember?.(root) === false) continue;
    enter(root);
    for (;;) {
      if (pathLength === 0) break;
      const node = path[pathLength - 1] ?? 0;
      const target = advance(node);
      if (target >= 0) enter(target);
      else leave(node);
    }
  }
  return found;
}
