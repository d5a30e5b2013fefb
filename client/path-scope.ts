/** The deepest path that everything a request names is at or below: the URL says it, so that permissions can be given by it. */

/** What of an operation of a multi says where it acts. */
interface Operation {
  readonly type: string;
  readonly path: string;
  readonly mode?: string | undefined;
}

/** Where grants stand: a URL below any path may name them as fences. */
const grantRoots = ["/elections/", "/locks/"] as const;

/** Undefined where it is the whole tree. */
export function scopeOfWrites(operations: readonly Operation[]): string | undefined {
  const guarded = operations.filter((operation) => !isGrantFence(operation));
  return commonPath((guarded.length === 0 ? operations : guarded).map(scopeOf));
}

/** Undefined where it is the whole tree. */
export function commonPath(paths: readonly string[]): string | undefined {
  const [first, ...rest] = paths;
  if (first === undefined || !paths.every((path) => path.startsWith("/"))) return undefined;
  let common = first.split("/").slice(1);
  for (const path of rest) {
    const names = path.split("/").slice(1);
    const differs = common.findIndex((name, index) => name !== names[index]);
    if (differs >= 0) common = common.slice(0, differs);
  }
  // API Gateway may make another name of one with these characters.
  const unsayable = common.findIndex((name) => name === "" || /[%?]/.test(name));
  const sayable = unsayable < 0 ? common : common.slice(0, unsayable);
  return sayable.length === 0 ? undefined : `/${sayable.join("/")}`;
}

function isGrantFence({ type, path }: Operation): boolean {
  return type === "fence" && grantRoots.some((root) => path.startsWith(root));
}

/** A sequential znode has another name than it is created with. */
function scopeOf({ type, path, mode }: Operation): string {
  const isSequential = type === "create" && mode?.includes("sequential") === true;
  return isSequential ? path.slice(0, Math.max(1, path.lastIndexOf("/"))) : path;
}
