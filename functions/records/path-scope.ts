/**
 * What a request may name whose URL has a path in it: permissions are given by URLs, so nothing in the body may lead out of
 * what the URL says.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import type { MultiBody, MultiReadBody } from "../../shared/api/schemas/znodes.ts";
import { findPathProblem } from "../../shared/tree/paths.ts";

/** Where grants stand that a multi may be fenced by: their znodes are seldom below what they guard. */
const grantRoots = ["/elections/", "/locks/"] as const;

/**
 * @param scope of the URL, without its first slash
 * @throws ServiceError BAD_ARGUMENTS (details: operationIndex, path)
 */
export function checkWritesWithin(scope: string, ops: MultiBody["ops"]): void {
  const root = rootOf(scope);
  for (const [index, op] of ops.entries()) {
    if (op.type === "fence" && grantRoots.some((grantRoot) => op.path.startsWith(grantRoot))) continue;
    // A number is put behind the path: the znode that comes of it stands beside the root, not below.
    const leavesRoot = op.type === "create" && op.mode.includes("sequential") && op.path === root;
    if (leavesRoot || !isWithin(root, op.path)) throw outside(root, op.path, index);
  }
}

/** As `checkWritesWithin`, for reads. @throws ServiceError BAD_ARGUMENTS (details: operationIndex, path) */
export function checkReadsWithin(scope: string, ops: MultiReadBody["ops"]): void {
  const root = rootOf(scope);
  for (const [index, { path }] of ops.entries()) if (!isWithin(root, path)) throw outside(root, path, index);
}

function rootOf(scope: string): string {
  const root = `/${scope}`;
  const problem = findPathProblem(root);
  if (problem !== undefined) throw new ServiceError("BAD_ARGUMENTS", `The URL's ${root}: ${problem}`);
  return root;
}

function isWithin(root: string, path: string): boolean {
  return path === root || (path.startsWith(`${root}/`) && findPathProblem(path) === undefined);
}

function outside(root: string, path: string, operationIndex: number): ServiceError {
  return new ServiceError("BAD_ARGUMENTS", `${path} is not at or below ${root}, as the URL says`, {
    details: { operationIndex, path },
  });
}
