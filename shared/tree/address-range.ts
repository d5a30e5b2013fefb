/** Internet addresses and ranges of them in CIDR notation, for the scheme `ip` (ZooKeeper's `IPAuthenticationProvider`). */

/** What is wrong with `<address>` or `<address>/<bits>`, or undefined. */
export function findAddressRangeProblem(range: string): string | undefined {
  return parseRange(range) === undefined ? "is no address, nor a range of addresses" : undefined;
}

/** False for what is no address. An IPv4 address in IPv6's form counts as what it is. */
export function isInAddressRange(address: string, range: string): boolean {
  const parsed = parseRange(range);
  const bytes = parseAddress(address);
  if (parsed === undefined || bytes === undefined || bytes.length !== parsed.bytes.length) return false;
  return bytes.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, parsed.bits - index * 8));
    const mask = 0xff00 >> bits;
    return ((byte ^ (parsed.bytes[index] ?? 0)) & mask & 0xff) === 0;
  });
}

function parseRange(range: string): { readonly bytes: readonly number[]; readonly bits: number } | undefined {
  const slash = range.indexOf("/");
  const bytes = parseAddress(slash < 0 ? range : range.slice(0, slash));
  if (bytes === undefined) return undefined;
  const bitsText = slash < 0 ? String(bytes.length * 8) : range.slice(slash + 1);
  const bits = /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : Infinity;
  return bits <= bytes.length * 8 ? { bytes, bits } : undefined;
}

function parseAddress(text: string): readonly number[] | undefined {
  if (!text.includes(":")) return parseIpv4(text);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1];
  return mapped === undefined ? parseIpv6(text) : parseIpv4(mapped);
}

function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseIpv6(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  if (head === undefined) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = tail === undefined ? head : [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
