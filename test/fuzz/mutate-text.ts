/** Damage to text, and pieces of text that programs stumble over. */
import type { FuzzRandom } from "./fuzz-random.ts";

const textCharsMax = 1 << 16;
const nameCharacters = "abcxyz019-_.";

/** Text that has broken something somewhere. */
export const oddTexts: readonly string[] = [
  "",
  " ",
  "0",
  "-1",
  "-0",
  "+1",
  "1e3",
  "0x10",
  "1.5",
  "NaN",
  "Infinity",
  "9007199254740991",
  "9007199254740992",
  "9223372036854775807",
  "9223372036854775808",
  "18446744073709551616",
  "00000000000000000000",
  "true",
  "null",
  "undefined",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "length",
  ".",
  "..",
  "/",
  "//",
  "../..",
  "%",
  "%00",
  "%2f",
  "%2F",
  "%zz",
  "%F0%9F",
  "\u0000",
  "\u0001",
  "\n",
  "\r\n",
  "\t",
  "\u2028",
  "\ufeff",
  "\ufffe",
  "\uffff",
  "\ud800",
  "\udc00",
  "\udc00\ud800",
  "\u{1f600}",
  "\u{10ffff}",
  "e\u0301\u0301\u0301",
  "\u202e",
  "İ",
  "ß",
  "ﬃ",
  "٣",
  "\\",
  '"',
  "'",
  "`",
  "$",
  "{}",
  "[]",
  "<",
  "&",
  "?",
  "#",
  "a=b&a=c",
  "*",
  "(a+)+$",
  "a{1000}{1000}",
  "[[:alpha:]]",
  "\\p{Greek}",
  "(?i)",
];

export function mutateText(random: FuzzRandom, text: string, others: readonly string[] = []): string {
  let mutated = text;
  const changes = random.chance(0.7) ? 1 : random.between(2, 5);
  for (let change = 0; change < changes; change += 1) mutated = mutateOnce(random, mutated, others);
  return mutated.slice(0, textCharsMax);
}

function mutateOnce(random: FuzzRandom, text: string, others: readonly string[]): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + random.between(1, 6));
  switch (random.below(10)) {
    case 0:
      return text.slice(0, at) + random.pick(oddTexts) + text.slice(at);
    case 1:
      return text.slice(0, at) + random.pick(oddTexts) + text.slice(end);
    case 2:
      return text.slice(0, at) + text.slice(end);
    case 3:
      return text.slice(0, at);
    case 4:
      return (
        text.slice(0, at) +
        String.fromCharCode(random.chance(0.8) ? random.between(0x20, 0x7e) : random.below(0x10000)) +
        text.slice(end)
      );
    case 5: {
      const times = random.chance(0.97) ? random.between(1, 8) : random.pick([100, 1_000, 20_000]);
      return text.slice(0, end) + text.slice(at, end).repeat(times) + text.slice(end);
    }
    case 6:
      return text.slice(0, at) + random.pick([text, ...others]) + text.slice(at);
    case 7:
      return random.chance(0.5) ? text.toUpperCase() : text.toLowerCase();
    case 8:
      return text.slice(at) + text.slice(0, at);
    default:
      return text.replace(/\d+/, () => String(random.whole()));
  }
}

/** Any characters at all. */
export function anyText(random: FuzzRandom, charsMax = 24): string {
  const length = random.below(charsMax + 1);
  let text = "";
  while (text.length < length) {
    text += random.chance(0.2) ? random.pick(oddTexts) : String.fromCharCode(random.between(0x20, 0x7e));
  }
  return text;
}

/** Well-formed text without U+0000, of a length that fields allow. */
export function fieldText(random: FuzzRandom, charsMax = 12): string {
  const text = random.chance(0.7)
    ? Array.from({ length: random.between(1, charsMax) }, () =>
        nameCharacters.charAt(random.below(nameCharacters.length)),
      ).join("")
    : anyText(random, charsMax);
  return text.toWellFormed().replaceAll("\u0000", "");
}
