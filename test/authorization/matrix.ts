/** Reads `matrix.txt`, and puts it into the form of the documentation. */
import { readFileSync } from "node:fs";
import { type PrincipalName, principalNames } from "./principals.ts";

export interface MatrixRow {
  readonly section: string;
  readonly method: string;
  readonly path: string;
  readonly allowed: ReadonlySet<PrincipalName>;
}

export const matrixText = readFileSync(new URL("matrix.txt", import.meta.url), "utf8");

/** @throws Error for a line that says nothing */
export function readMatrix(text: string = matrixText): readonly MatrixRow[] {
  let section = "";
  const rows: MatrixRow[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("## ")) section = line.slice(3);
    else if (line !== "" && !line.startsWith("#")) rows.push({ section, ...rowOf(line) });
  }
  return rows;
}

function rowOf(line: string): Omit<MatrixRow, "section"> {
  const [, method, path, names] = /^([A-Z]+) (\/\S*): (.+)$/.exec(line) ?? [];
  if (method === undefined || path === undefined || names === undefined) throw new Error(`no row: ${line}`);
  const allowed = names.split(" ").map((name) => {
    const known = principalNames.find((one) => one === name);
    if (known === undefined) throw new Error(`nobody is called ${name}`);
    return known;
  });
  return { method, path, allowed: new Set(allowed) };
}

/** The tables of `docs/authorization.md`. */
export function matrixMarkdown(rows: readonly MatrixRow[]): string {
  const sections = [...Map.groupBy(rows, ({ section }) => section)];
  return sections
    .map(([section, ofOne]) => {
      const lines = ofOne.map(({ method, path, allowed }) => `| \`${method} ${path}\` | ${[...allowed].join(", ")} |`);
      return [`**${section}**`, "", "| request | who may send it |", "|---|---|", ...lines].join("\n");
    })
    .join("\n\n");
}
