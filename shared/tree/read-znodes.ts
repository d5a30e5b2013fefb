/** Reads of a tree by ZooKeeper's rules (`FinalRequestProcessor`, ZooKeeper 3.8; `exists` needs READ as from 3.8.4 on): pure. */
import { multiReadChildrenMax } from "../limits.ts";
import { type AclList, type Identity, maskedAcl, mayAccess, permission } from "./acl.ts";
import { badArguments, noAuth, noNode, type Refusal } from "./decide.ts";
import { findPathProblem } from "./paths.ts";
import { type Stat, statOf, type Znode } from "./stat.ts";
import type { ZnodeTree } from "./znode-tree.ts";

/** Who asks; undefined for the service itself. */
export type Reader = readonly Identity[] | undefined;

type Read<Answer> = Answer | { readonly refusal: Refusal };

export function readData(
  tree: ZnodeTree,
  path: string,
  reader: Reader,
): Read<{ readonly data: Uint8Array | null; readonly stat: Stat }> {
  const found = findZnode(tree, path, permission.read, reader);
  return "refusal" in found ? found : { data: found.node.data, stat: statOf(found.node) };
}

export function readStat(tree: ZnodeTree, path: string, reader: Reader): Read<{ readonly stat: Stat }> {
  const found = findZnode(tree, path, permission.read, reader);
  return "refusal" in found ? found : { stat: statOf(found.node) };
}

/** Needs READ or ADMIN, and masks digests without ADMIN. */
export function readAcl(
  tree: ZnodeTree,
  path: string,
  reader: Reader,
): Read<{ readonly acl: AclList; readonly stat: Stat }> {
  const found = findZnode(tree, path, permission.read | permission.admin, reader);
  if ("refusal" in found) return found;
  const list = tree.acl(found.node.aclIndex);
  return { acl: mayAccess(list, permission.admin, reader) ? list : maskedAcl(list), stat: statOf(found.node) };
}

/** In the order of their names by UTF-16 code units, after `after`. */
export function readChildren(
  tree: ZnodeTree,
  path: string,
  reader: Reader,
  page: { readonly after: string; readonly limit: number },
): Read<{ readonly children: readonly string[]; readonly more: boolean; readonly stat: Stat }> {
  const found = findZnode(tree, path, permission.read, reader);
  if ("refusal" in found) return found;
  const { names, more } = tree.childPage(path, page.after, page.limit);
  return { children: names, more, stat: statOf(found.node) };
}

/** All children at once, which a multiRead cannot page. */
export function readAllChildren(
  tree: ZnodeTree,
  path: string,
  reader: Reader,
): Read<{ readonly children: readonly string[]; readonly stat: Stat }> {
  const read = readChildren(tree, path, reader, { after: "", limit: multiReadChildrenMax });
  if ("refusal" in read || !read.more) return read;
  return { refusal: badArguments(`${path} has more than ${multiReadChildrenMax} children: read them by pages`) };
}

/** ZooKeeper's getAllChildrenNumber: all znodes below it. */
export function countDescendants(tree: ZnodeTree, path: string, reader: Reader): Read<{ readonly count: number }> {
  const found = findZnode(tree, path, permission.read, reader);
  return "refusal" in found ? found : { count: tree.descendantCount(path) };
}

function findZnode(
  tree: ZnodeTree,
  path: string,
  permissions: number,
  reader: Reader,
): Read<{ readonly node: Readonly<Znode> }> {
  const problem = findPathProblem(path);
  if (problem !== undefined)
    return { refusal: badArguments(`${JSON.stringify(path)} is not allowed here: ${problem}`) };
  const node = tree.node(path);
  if (node === undefined) return { refusal: noNode(path) };
  return mayAccess(tree.acl(node.aclIndex), permissions, reader) ? { node } : { refusal: noAuth(path) };
}
