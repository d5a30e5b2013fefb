import { posix } from "node:path";
import { blankNonCode, importsOf, lineAt } from "./source-text.ts";

/** Sources by their path from the root of the repository, with slashes. */
export type Sources = ReadonlyMap<string, string>;

/** A name that code must not use, and the pattern that finds it in code without strings and comments. */
export interface ForbiddenName {
  readonly name: string;
  readonly pattern: RegExp;
}

/** A set of files with the same rights. Files of one layer may import each other. */
export interface Layer {
  readonly name: string;
  /** `a/b.ts` is that file, `a/*` the files right in the folder, `a/**` all below it; the most exact wins. */
  readonly files: readonly string[];
  /** Names of other layers, or all of them. */
  readonly mayImport: readonly string[] | "any";
  /** Names of packages and of Node's modules; a `*` at the end stands for any rest. */
  readonly packages: readonly string[] | "any";
  readonly forbiddenNames?: readonly ForbiddenName[];
}

/** One broken rule. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface ResolvedImport {
  /** Path of the imported file, or name of the package. */
  readonly target: string;
  readonly kind: "file" | "package";
}

/** How exactly a layer's pattern names a path: longer is more exact, 0 is not at all. */
function exactness(pattern: string, path: string): number {
  if (pattern.endsWith("**")) return path.startsWith(pattern.slice(0, -2)) ? pattern.length - 1 : 0;
  if (!pattern.endsWith("*")) return pattern === path ? Number.MAX_SAFE_INTEGER : 0;
  const folder = pattern.slice(0, -1);
  return path.startsWith(folder) && !path.includes("/", folder.length) ? pattern.length : 0;
}

function layerOf(path: string, layers: readonly Layer[]): Layer | undefined {
  let best: Layer | undefined;
  let bestExactness = 0;
  for (const layer of layers) {
    const found = Math.max(0, ...layer.files.map((pattern) => exactness(pattern, path)));
    if (found > bestExactness) [best, bestExactness] = [layer, found];
  }
  return best;
}

function packageName(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function resolveImport(file: string, specifier: string): ResolvedImport {
  if (!specifier.startsWith(".")) return { kind: "package", target: packageName(specifier) };
  return { kind: "file", target: posix.join(posix.dirname(file), specifier) };
}

function allowsPackage(layer: Layer, name: string): boolean {
  if (layer.packages === "any") return true;
  return layer.packages.some((allowed) =>
    allowed.endsWith("*") ? name.startsWith(allowed.slice(0, -1)) : name === allowed,
  );
}

function importProblem(
  layer: Layer,
  specifier: string | undefined,
  file: string,
  layers: readonly Layer[],
): string | undefined {
  if (specifier === undefined) {
    return layer.mayImport === "any" ? undefined : `${layer.name} must not compute what it imports`;
  }
  const found = resolveImport(file, specifier);
  if (found.kind === "package") {
    return allowsPackage(layer, found.target) ? undefined : `${layer.name} must not import ${found.target}`;
  }
  const target = layerOf(found.target, layers);
  if (target === undefined) return `imports ${found.target}, which belongs to no layer`;
  if (target === layer || layer.mayImport === "any" || layer.mayImport.includes(target.name)) return undefined;
  return `${layer.name} must not import ${found.target} (${target.name})`;
}

function checkTable(layers: readonly Layer[]): void {
  const names = new Set(layers.map((layer) => layer.name));
  for (const layer of layers) {
    for (const name of layer.mayImport === "any" ? [] : layer.mayImport) {
      if (!names.has(name)) throw new Error(`${layer.name} names an unknown layer: ${name}`);
    }
  }
}

/** Every import that points the wrong way, every name that a layer must not use, every file without a layer. */
export function findViolations(sources: Sources, layers: readonly Layer[]): Violation[] {
  checkTable(layers);
  const violations: Violation[] = [];
  for (const [file, source] of sources) {
    const layer = layerOf(file, layers);
    if (layer === undefined) {
      violations.push({ file, line: 1, message: "belongs to no layer" });
      continue;
    }
    const code = blankNonCode(source);
    for (const { specifier, line } of importsOf(source, code)) {
      const message = importProblem(layer, specifier, file, layers);
      if (message !== undefined) violations.push({ file, line, message });
    }
    for (const { name, pattern } of layer.forbiddenNames ?? []) {
      for (const match of code.matchAll(pattern)) {
        violations.push({ file, line: lineAt(code, match.index), message: `${layer.name} must not use ${name}` });
      }
    }
  }
  return violations;
}

/** The files of `sources` that each file imports, whether for values or for types. */
export function importGraph(sources: Sources): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const [file, source] of sources) {
    const targets = importsOf(source).flatMap(({ specifier }) => {
      const found = specifier === undefined ? undefined : resolveImport(file, specifier);
      return found?.kind === "file" && sources.has(found.target) ? [found.target] : [];
    });
    graph.set(file, [...new Set(targets)]);
  }
  return graph;
}
