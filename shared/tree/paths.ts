/** ZooKeeper's rules for the paths of znodes (`PathUtils.validatePath`, ZooKeeper 3.8). */

export const rootPath = "/";

/** Control characters; surrogates and private use, U+D800 to U+F8FF, so none beyond U+FFFF; specials from U+FFF0 on. */
const forbiddenCharacter = /[\p{Cc}\p{Cs}\u{e000}-\u{f8ff}\u{fff0}-\u{10ffff}]/u;
const relativeSegment = /\/\.{1,2}(?:\/|$)/;

/** What is wrong with a path, or undefined. */
export function findPathProblem(path: string): string | undefined {
  if (!path.startsWith(rootPath)) return "a path starts with /";
  if (path.length === 1) return undefined;
  if (path.endsWith("/")) return "a path does not end with /";
  if (path.includes("//")) return "a path has no empty segment";
  if (relativeSegment.test(path)) return "a path has no segment . or ..";
  return forbiddenCharacter.test(path)
    ? "a path has no control characters, surrogates or private characters"
    : undefined;
}

/** As `findPathProblem`, for one segment. */
export function findNameProblem(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return "a path has no segment that is empty, . or ..";
  if (name.includes("/")) return "a segment has no /";
  return forbiddenCharacter.test(name)
    ? "a path has no control characters, surrogates or private characters"
    : undefined;
}

/** The path of the parent: what stands before the last slash. */
export function parentOf(path: string): string {
  const lastSlash = path.lastIndexOf("/");
  return lastSlash <= 0 ? rootPath : path.slice(0, lastSlash);
}

/** The last segment of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * What a sequential znode's name ends with: ten digits, from the parent's count of creations. ZooKeeper's counter is an
 * int32 and turns negative after 2,147,483,647; this one goes on, with more digits if need be.
 */
export function sequentialSuffix(creations: number): string {
  return String(creations).padStart(10, "0");
}
