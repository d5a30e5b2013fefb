/** Reads TypeScript just well enough to see what a file imports and which names its code uses. */

const comment = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const quotedString = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/y;
/** Up to the end of a template literal or the start of its next substitution. */
const templateText = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y;
const regularExpression = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//y;
/** What stands before a slash that begins a regular expression; after anything else it divides. */
const beforeRegularExpression =
  /(?:^|[(,=:[!&|?{;*%<>~^]|(?<!\+)\+|(?<!-)-|\b(?:return|typeof|case|in|of|delete|void|throw|else|do|await|yield))\s*$/;
/** How far back to look for it: longer than any word above and the blanks that usually follow. */
const lookBehindChars = 200;

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

/**
 * The source with comments and the contents of strings, template texts and regular expressions replaced by spaces.
 * Delimiters and line breaks stay, so that every position and line is that of the source.
 */
export function blankNonCode(source: string): string {
  const out = source.split("");
  // One number for each template literal around the position: the braces open in its current substitution.
  const openBraces: number[] = [];

  const blank = (from: number, to: number): void => {
    for (let at = from; at < to; at++) if (out[at] !== "\n") out[at] = " ";
  };
  const blankTemplateText = (from: number): number => {
    const text = matchAt(templateText, source, from);
    if (text === undefined) throw new Error("template literal without an end");
    const isSubstitution = text.endsWith("{");
    blank(from, from + text.length - (isSubstitution ? 2 : 1));
    if (isSubstitution) openBraces.push(0);
    return from + text.length;
  };

  const startsExpression = (slashAt: number): boolean =>
    beforeRegularExpression.test(out.slice(Math.max(0, slashAt - lookBehindChars), slashAt).join(""));

  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    const braces = openBraces.at(-1);
    if (char === "/") {
      const skipped = matchAt(comment, source, at);
      const literal =
        skipped === undefined && startsExpression(at) ? matchAt(regularExpression, source, at) : undefined;
      if (skipped !== undefined) blank(at, at + skipped.length);
      else if (literal !== undefined) blank(at + 1, at + literal.length - 1);
      at += (skipped ?? literal ?? char).length;
    } else if (char === '"' || char === "'") {
      const string = matchAt(quotedString, source, at);
      if (string !== undefined) blank(at + 1, at + string.length - 1);
      at += (string ?? char).length;
    } else if (char === "`") {
      at = blankTemplateText(at + 1);
    } else if (char === "}" && braces === 0) {
      openBraces.pop();
      at = blankTemplateText(at + 1);
    } else {
      if (braces !== undefined && char === "{") openBraces[openBraces.length - 1] = braces + 1;
      if (braces !== undefined && char === "}") openBraces[openBraces.length - 1] = braces - 1;
      at += 1;
    }
  }
  return out.join("");
}

/** One `import`, `export ... from` or `import(...)`. */
export interface Import {
  /** Undefined when it is computed: `import(name)`. */
  readonly specifier: string | undefined;
  /** From 1. */
  readonly line: number;
}

const importStatement = /(?<![\w$.])(?:import|export)\b(?:[\w$\s{},*]*?\bfrom)?\s*(["'])/g;
const importCall = /(?<![\w$.])import\s*\(\s*(["'])?/g;

/** Line of a position, from 1. */
export function lineAt(source: string, at: number): number {
  return source.slice(0, at).split("\n").length;
}

/** What a source imports, statically, dynamically or for a type, in the order of the source. */
export function importsOf(source: string, code = blankNonCode(source)): Import[] {
  const found: { at: number; import: Import }[] = [];
  for (const pattern of [importStatement, importCall]) {
    for (const match of code.matchAll(pattern)) {
      const quote = match[1];
      const start = match.index + match[0].length;
      const specifier = quote === undefined ? undefined : source.slice(start, code.indexOf(quote, start));
      found.push({ at: match.index, import: { specifier, line: lineAt(source, start) } });
    }
  }
  return found.toSorted((a, b) => a.at - b.at).map((each) => each.import);
}
