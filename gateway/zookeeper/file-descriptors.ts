import { readdirSync, readFileSync } from "node:fs";

export interface FileDescriptors {
  readonly open: number;
  readonly max: number;
}

/** Of this process; undefined where the system does not tell, as any but Linux. */
export function fileDescriptors(): FileDescriptors | undefined {
  try {
    const open = readdirSync("/proc/self/fd").length;
    const [, max] = /^Max open files +(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
    return max === undefined || max === "unlimited" ? undefined : { open, max: Number(max) };
  } catch {
    return undefined;
  }
}
