import { CommandError } from "../command-error.ts";

const named: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09 };

/**
 * The bytes that a delimiter or a format stands for: `\n`, `\r`, `\t`, `\xHH`, `\0` and `\\`, as kcat reads them; what
 * else follows a backslash stands for itself.
 *
 * @throws CommandError for a `\x` without two hexadecimal digits
 */
export function unescapeBytes(text: string): Buffer {
  const parts: Buffer[] = [];
  const escape = /\\(x[0-9a-fA-F]{2}|[^])/gu;
  let position = 0;
  for (const match of text.matchAll(escape)) {
    parts.push(Buffer.from(text.slice(position, match.index)));
    parts.push(escapedBytes(match[1] ?? ""));
    position = match.index + match[0].length;
  }
  parts.push(Buffer.from(text.slice(position)));
  return Buffer.concat(parts);
}

function escapedBytes(escaped: string): Buffer {
  if (escaped === "x") throw new CommandError(String.raw`\x must be followed by two hexadecimal digits`);
  if (escaped.length === 3) return Buffer.from(escaped.slice(1), "hex");
  if (escaped === "0") return Buffer.of(0);
  const code = named[escaped];
  return code === undefined ? Buffer.from(escaped) : Buffer.of(code);
}
