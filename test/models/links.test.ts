import { describe, expect, test } from "vitest";
import { models } from "../../models/checks.ts";
import { readRepositoryFile, repositoryFiles, repositorySources } from "../architecture/source-files.ts";

interface Described {
  readonly file: string;
  readonly functions: readonly string[];
}

/** What the head of a model says that it describes: `(* shared/x/y.ts  name #name *)`. */
function describedBy(model: string): Described[] {
  return [...model.matchAll(/^\(\* +(shared\/\S+\.ts) +(.+?) *\*\)$/gm)].map(([, file = "", names = ""]) => ({
    file,
    functions: names.split(/\s+/).map((name) => name.replace("#", "")),
  }));
}

/** A function or a method of that name is declared, not only called. */
function declares(source: string, name: string): boolean {
  return new RegExp(`(?:function\\*? |^  (?:async )?#?)${name}(?:<[^>]*>)?\\(`, "m").test(source);
}

function firstComment(source: string): string {
  return /\/\*\*[\s\S]*?\*\//.exec(source)?.[0] ?? "";
}

const modules = models.map(({ name, module }) => `models/${name}/${module}.tla`);

describe("a formal model", () => {
  test("is checked if it is there", () => {
    const files = repositoryFiles().filter((path) => path.endsWith(".tla"));
    expect(files.toSorted()).toEqual(modules.toSorted());
  });

  test.each(modules)("names code that is there: %s", (module) => {
    const described = describedBy(readRepositoryFile(module));
    expect(described.length).toBeGreaterThan(0);
    const missing = described.flatMap(({ file, functions }) => {
      const source = readRepositoryFile(file);
      return functions.filter((name) => !declares(source, name)).map((name) => `${file} ${name}`);
    });
    expect(missing).toEqual([]);
  });

  test.each(modules)("is named by the head of each file that it describes: %s", (module) => {
    const silent = describedBy(readRepositoryFile(module))
      .map(({ file }) => file)
      .filter((file) => !firstComment(readRepositoryFile(file)).includes(`Model: \`${module}\``));
    expect(silent).toEqual([]);
  });

  test("describes every file that names it", () => {
    const naming = [...repositorySources()].flatMap(([file, source]) =>
      file.startsWith("shared/")
        ? [...source.matchAll(/models\/[\w/-]+\.tla/g)].map(([module]) => ({ file, module }))
        : [],
    );
    expect(naming.length).toBeGreaterThan(0);
    const wrong = naming.filter(
      ({ file, module }) =>
        !modules.includes(module) || !describedBy(readRepositoryFile(module)).some((one) => one.file === file),
    );
    expect(wrong).toEqual([]);
  });
});
