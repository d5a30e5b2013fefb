import { describe, expect, test } from "vitest";
import {
  forbiddenMarks,
  inexactVersions,
  longFiles,
  missingOptionalPackages,
  misnumberedDecisions,
  resolvedAddresses,
} from "./architecture/repository-rules.ts";
import { readRepositoryFile, repositoryFiles, repositorySources } from "./architecture/source-files.ts";

/** A file reads in one sitting: about 300 lines, and never more than this. */
const sourceLinesMax = 400;

describe("packages", () => {
  test("every version in package.json is exact", () => {
    expect(inexactVersions(readRepositoryFile("package.json"))).toEqual([]);
  });

  test("package-lock.json names no address, so that it holds behind any registry", () => {
    expect(resolvedAddresses(readRepositoryFile("package-lock.json"))).toEqual([]);
  });

  test("package-lock.json holds the optional packages of every platform, so that npm ci works on each", () => {
    expect(missingOptionalPackages(readRepositoryFile("package-lock.json"))).toEqual([]);
  });
});

describe("sources", () => {
  const sources = repositorySources();

  test(`have at most ${sourceLinesMax} lines`, () => {
    expect(longFiles(sources, sourceLinesMax)).toEqual([]);
  });

  test("hold no mark of unfinished work and turn no check off", () => {
    const scripts = repositoryFiles().filter((path) => path.endsWith(".sh") || path.startsWith(".ci/"));
    const all = new Map([...sources, ...scripts.map((path) => [path, readRepositoryFile(path)] as const)]);
    expect(forbiddenMarks(all)).toEqual([]);
  });
});

test("decision records are numbered, each with a number of its own", () => {
  const folder = "docs/decisions/";
  const records = repositoryFiles().filter((path) => path.startsWith(folder));
  expect(records.length).toBeGreaterThan(0);
  expect(misnumberedDecisions(records.map((path) => path.slice(folder.length)))).toEqual([]);
});
