/** What both sides answer, in one form. */
import type { Acl } from "../../../shared/tree/acl.ts";
import type { Stat } from "../../../shared/tree/stat.ts";

export interface Answer {
  /** ZooKeeper's code. */
  readonly err: number;
  readonly path?: string;
  readonly stat?: Stat;
  /** Hex; null for null. */
  readonly data?: string | null;
  /** Sorted. */
  readonly names?: readonly string[];
  readonly acl?: readonly Acl[];
  readonly count?: number;
  readonly results?: readonly Answer[];
}

export function hexOf(data: Uint8Array | null): string | null {
  return data === null ? null : Buffer.from(data).toString("hex");
}
