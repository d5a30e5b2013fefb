/** A check's configuration for the checker: the model's own, with other values for some constants. */

/**
 * @param values by the name of a constant; one that begins with `<-` names a definition of the module
 * @param temporal a property that is to hold as well
 * @throws Error if the configuration has no such constant
 */
export function configurationOf(text: string, values: Readonly<Record<string, string>>, temporal?: string): string {
  const changed = Object.entries(values).reduce((all, [name, value]) => withValue(all, name, value), text);
  return temporal === undefined ? changed : `${changed}\nPROPERTIES\n  ${temporal}\n`;
}

function withValue(text: string, name: string, value: string): string {
  const line = new RegExp(`^  ${name} (?:=|<-) .*$`, "m");
  if (!line.test(text)) throw new Error(`the configuration has no constant ${name}`);
  return text.replace(line, () => (value.startsWith("<-") ? `  ${name} ${value}` : `  ${name} = ${value}`));
}

/** The rules that a model can switch off: its constants that are FALSE. */
export function mutantsOf(text: string): readonly string[] {
  return [...text.matchAll(/^  (\w+) = FALSE$/gm)].flatMap(([, name]) => name ?? []);
}

/** The invariants that a model checks. */
export function invariantsOf(text: string): readonly string[] {
  const block = /^INVARIANTS\n((?:  \w+\n)+)/m.exec(text)?.[1] ?? "";
  return block.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
}
