/** Commands that go through a part of the tree. */
import { isServiceException, type ZnodeClient } from "../../client/index.ts";
import { drawnDataCharsMax, drawnZnodesMax } from "../../shared/limits.ts";
import type { Output } from "./output.ts";

/**
 * All znodes below one by their paths, parents first. What goes meanwhile is left out; what may not be read is there, without
 * what is below it.
 */
export async function listBelow(
  znodes: ZnodeClient,
  path: string,
  abortSignal: AbortSignal,
): Promise<readonly string[]> {
  const paths: string[] = [];
  const children = await znodes.getChildren(path, { abortSignal });
  const waiting = children.map((name) => pathOf(path, name)).toReversed();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const below = await ifThere(() => znodes.getChildren(next ?? "", { abortSignal }));
    if (below === "gone") continue;
    paths.push(next);
    if (below === "hidden") continue;
    for (const name of below.toReversed()) waiting.push(pathOf(next, name));
  }
  return paths;
}

/** Deletes a znode and all below it, children first; answers how many. */
export async function removeBelow(znodes: ZnodeClient, path: string, abortSignal: AbortSignal): Promise<number> {
  const below = await listBelow(znodes, path, abortSignal);
  for (const each of below.toReversed()) {
    await znodes.delete(each, undefined, { abortSignal }).catch((error: unknown) => {
      if (!isServiceException(error, "NO_NODE")) throw error;
    });
  }
  await znodes.delete(path, undefined, { abortSignal });
  return below.length + 1;
}

/** Draws a znode and all below it. */
export async function drawTree(
  { znodes, output, signal }: { readonly znodes: ZnodeClient; readonly output: Output; readonly signal: AbortSignal },
  path: string,
): Promise<void> {
  let drawn = 0;
  const draw = async (at: string, name: string, head: string, tail: string): Promise<void> => {
    if (signal.aborted || drawn > drawnZnodesMax) return;
    drawn += 1;
    const found = await ifThere(() => znodes.get(at, { abortSignal: signal }));
    if (found === "gone") return;
    if (found === "hidden") return await output.write(`${head}${name}  (may not be read)\n`);
    await output.write(`${head}${name}${excerpt(found.data)}\n`);
    if (found.stat.numChildren === 0) return;
    const children = await ifThere(() => znodes.getChildren(at, { abortSignal: signal }));
    if (typeof children === "string") return;
    for (const [index, child] of children.entries()) {
      const isLast = index === children.length - 1;
      await draw(pathOf(at, child), child, `${tail}${isLast ? "└── " : "├── "}`, `${tail}${isLast ? "    " : "│   "}`);
    }
  };
  if ((await znodes.exists(path, { abortSignal: signal })) === undefined)
    await znodes.get(path, { abortSignal: signal });
  await draw(path, path, "", "");
  if (drawn > drawnZnodesMax) await output.write(`... more than ${drawnZnodesMax} znodes\n`);
}

function excerpt(data: string | Uint8Array | null): string {
  if (data === null || data.length === 0) return "";
  if (typeof data !== "string") return `  <${data.length} bytes>`;
  // On one line, whatever it holds.
  const shown = data.slice(0, drawnDataCharsMax).replaceAll(/\p{Cc}/gu, " ");
  return `  ${shown}${data.length > drawnDataCharsMax ? "…" : ""}`;
}

async function ifThere<Found>(look: () => Promise<Found>): Promise<Found | "gone" | "hidden"> {
  try {
    return await look();
  } catch (error) {
    if (isServiceException(error, "NO_NODE")) return "gone";
    if (isServiceException(error, "NO_AUTH")) return "hidden";
    throw error;
  }
}

function pathOf(parent: string, name: string): string {
  return parent === "/" ? `/${name}` : `${parent}/${name}`;
}
