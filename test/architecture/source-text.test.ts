import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blankNonCode, importsOf } from "./source-text.ts";

function specifiers(source: string): (string | undefined)[] {
  return importsOf(source).map((each) => each.specifier);
}

describe("importsOf", () => {
  test.each([
    ['import { a, b as c } from "./x.ts";', ["./x.ts"]],
    ['import type { A } from "./x.ts";', ["./x.ts"]],
    ["import d, { type A, b } from './x.ts';", ["./x.ts"]],
    ['import{a}from"x"', ["x"]],
    ['import * as z from "zod";', ["zod"]],
    ['import "./effect.ts";', ["./effect.ts"]],
    ['import {\n  a, // from "./no.ts"\n  b,\n} from "./x.ts";', ["./x.ts"]],
    ['export * from "./x.ts";', ["./x.ts"]],
    ['export type { A } from "./x.ts";', ["./x.ts"]],
    ['const x = await import("./x.ts");', ["./x.ts"]],
    ['type X = import("./x.ts").X;', ["./x.ts"]],
    ["const x = await import(name);", [undefined]],
    ["const x = await import(`./${name}.ts`);", [undefined]],
    ['const s = `${await import("./x.ts")}`;', ["./x.ts"]],
    ['export const a = 1;\nimport { b } from "./x.ts";', ["./x.ts"]],
  ])("finds the imports of %j", (source, expected) => {
    expect(specifiers(source)).toEqual(expected);
  });

  test.each([
    '// import { a } from "./x.ts";',
    '/* import "./x.ts"; */',
    "const s = 'import \"./x.ts\"';",
    'const s = `import { a } from "./x.ts"`;',
    'const r = /import "x"/;',
    "const u = import.meta.url;",
    'array.from("x"); export const from = "y";',
  ])("finds none in %j", (source) => {
    expect(specifiers(source)).toEqual([]);
  });

  test("tells the line of the specifier", () => {
    expect(importsOf('\n\nimport { a } from "a";\nimport {\n  b,\n} from "b";\n')).toEqual([
      { specifier: "a", line: 3 },
      { specifier: "b", line: 6 },
    ]);
  });
});

describe("blankNonCode", () => {
  test.each([
    ["a / b / c // d", "a / b / c     "],
    ['x = "a\\"b" + y', 'x = "    " + y'],
    ["x = /[/\"]\\//g.test('`')", "x = /      /g.test(' ')"],
    ["`a${b({ c: `d` })}e`", "` ${b({ c: ` ` })} `"],
    ["`\\${a}` + b", "`     ` + b"],
    ["`$` + b", "` ` + b"],
    ["i++ / 2; // '", "i++ / 2;     "],
    ["(a) / 2 / `b`", "(a) / 2 / ` `"],
    ["return /'/", "return / /"],
    ["/* a\n'b */ c", "    \n      c"],
  ])("of %j leaves %j", (source, expected) => {
    expect(blankNonCode(source)).toBe(expected);
  });

  test("keeps every position and line, whatever the source", () => {
    const piece = fc.constantFrom(
      '"a"',
      "'b'",
      "`c`",
      "`${d}`",
      "/e/",
      "// f\n",
      "/* g\n */",
      "h",
      " = ",
      "{",
      "}",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const source = pieces.join(" ");
        const code = blankNonCode(source);
        expect(code).toHaveLength(source.length);
        expect(code.split("\n").map((line) => line.length)).toEqual(source.split("\n").map((line) => line.length));
      }),
    );
  });
});
