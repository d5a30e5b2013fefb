import * as z from "zod";
import type { Sources } from "./layers.ts";

const versions = z.record(z.string(), z.string()).optional();
const manifestSchema = z.object({
  dependencies: versions,
  devDependencies: versions,
  optionalDependencies: versions,
  peerDependencies: versions,
  overrides: z.record(z.string(), z.unknown()).optional(),
});

const exactVersion = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.-]+)?$/;

/** Dependencies and overrides of a `package.json` that are not one exact version, as `name@version`. */
export function inexactVersions(manifestText: string): string[] {
  const { overrides, ...groups } = manifestSchema.parse(JSON.parse(manifestText));
  const found: string[] = [];
  const check = (name: string, version: unknown): void => {
    if (typeof version === "object" && version !== null) {
      for (const [inner, innerVersion] of Object.entries(version)) check(`${name} > ${inner}`, innerVersion);
    } else if (typeof version !== "string" || !(exactVersion.test(version) || version.startsWith("$"))) {
      found.push(`${name}@${String(version)}`);
    }
  };
  for (const group of [...Object.values(groups), overrides ?? {}]) {
    for (const [name, version] of Object.entries(group ?? {})) check(name, version);
  }
  return found;
}

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ resolved: z.string().optional(), optionalDependencies: versions, inBundle: z.boolean().optional() }),
  ),
});

/** Packages of a `package-lock.json` that name the address they were fetched from. */
export function resolvedAddresses(lockText: string): string[] {
  const { packages } = lockSchema.parse(JSON.parse(lockText));
  return Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined);
}

/**
 * Optional packages, in practice one per platform, that a `package-lock.json` names but does not hold. `npm ci` of npm 11
 * refuses such a file everywhere, and that of npm 10 installs too little on the platforms that are missing.
 */
export function missingOptionalPackages(lockText: string): string[] {
  const { packages } = lockSchema.parse(JSON.parse(lockText));
  const missing = new Set<string>();
  for (const [path, { optionalDependencies, inBundle }] of Object.entries(packages)) {
    if (inBundle === true) continue;
    for (const name of Object.keys(optionalDependencies ?? {})) {
      if (!foldersSearched(path).some((folder) => `${folder}node_modules/${name}` in packages)) missing.add(name);
    }
  }
  return [...missing].toSorted();
}

/** Where Node looks for what the package at `path` imports: beside it, then in each folder above, up to the root's. */
function foldersSearched(path: string): string[] {
  const parts = path === "" ? [] : path.split(/\/?node_modules\//).slice(1);
  return [...parts.keys(), parts.length].toReversed().map((depth) =>
    parts
      .slice(0, depth)
      .map((part) => `node_modules/${part}/`)
      .join(""),
  );
}

/** Sources of more than `linesMax` lines, as `path: lines`. */
export function longFiles(sources: Sources, linesMax: number): string[] {
  return [...sources].flatMap(([path, source]) => {
    const lines = source.split("\n").length - (source.endsWith("\n") ? 1 : 0);
    return lines > linesMax ? [`${path}: ${lines}`] : [];
  });
}

/** Marks of unfinished work and of checks that were turned off. */
const forbiddenMark = new RegExp(
  [
    String.raw`\b(?:TO(?:DO)|FIX(?:ME))\b`,
    String.raw`@ts-(?:ignore|nocheck)\b`,
    String.raw`\b(?:oxlint|eslint)-(?:disable)`,
    String.raw`\b(?:test|it|describe|suite|bench)(?:\.\w+)*\.(?:only|skip)\b`,
  ].join("|"),
);

/** Lines that hold such a mark, as `path:line text`. */
export function forbiddenMarks(sources: Sources): string[] {
  return [...sources].flatMap(([path, source]) =>
    source
      .split("\n")
      .flatMap((text, index) => (forbiddenMark.test(text) ? [`${path}:${index + 1} ${text.trim()}`] : [])),
  );
}

/** Decision records that are not named `0001-a-title.md`, or whose number another one has. */
export function misnumberedDecisions(fileNames: readonly string[]): string[] {
  const numbers = fileNames.map((name) => /^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1]);
  return fileNames.filter((_, index) => numbers[index] === undefined || numbers.indexOf(numbers[index]) !== index);
}
