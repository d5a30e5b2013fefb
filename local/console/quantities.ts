const units = ["B", "KB", "MB", "GB", "TB"] as const;

/** Bytes for people: `1.5 MB`; powers of 1,000. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}

/** A number for people: `231,083`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** `1 record`, `2 records`. */
export function formatAmount(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Amount per second; an instant counts as a millisecond. */
export function perSecond(amount: number, elapsedMs: number): number {
  return (amount * 1_000) / Math.max(1, elapsedMs);
}
