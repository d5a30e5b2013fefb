import type { ProduceRecord } from "../../../shared/services/services.ts";
import { TargetError } from "../../../verify/target.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder();

export const namespace = "default";

/** A record that holds a number, as text. */
export function recordOf(value: number): ProduceRecord {
  return { key: null, value: utf8.encode(String(value)), headers: [] };
}

/** @throws TargetError CORRUPT for what no workload has written */
export function valueOf(bytes: Uint8Array | null): number {
  const found = text.decode(bytes ?? undefined);
  const value = Number(found);
  if (found !== "" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new TargetError("fail", "CORRUPT", `a record holds ${JSON.stringify(found.slice(0, 100))}`);
}

export function offsetsOf({ baseOffset }: { readonly baseOffset: number }, values: readonly number[]): number[] {
  return values.map((_, index) => baseOffset + index);
}
