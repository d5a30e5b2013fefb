import type { ClassicCode } from "./classic-code.ts";

/** What only classic groups need: a function reads it when it sees the first of them. */
export type LoadClassic = () => ClassicCode | Promise<ClassicCode>;

export async function laterClassic(): Promise<ClassicCode> {
  return (await import("./classic-code.ts")).classicCode;
}
