import { TargetError } from "../../verify/target.ts";

/** A record that holds a number, as text. */
export function recordOf(value: number, partition: number): { readonly value: string; readonly partition: number } {
  return { value: String(value), partition };
}

const decoder = new TextDecoder();

/** @throws TargetError CORRUPT for what no workload has written */
export function valueOf(bytes: Uint8Array | null): number {
  const text = bytes === null ? "" : decoder.decode(bytes);
  const value = Number(text);
  if (text === "" || !Number.isSafeInteger(value) || value < 0) {
    throw new TargetError("fail", "CORRUPT", `a record holds ${JSON.stringify(text.slice(0, 100))}`);
  }
  return value;
}
