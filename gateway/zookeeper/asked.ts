import type { ZooKeeperError } from "./protocol/error-codes.ts";
import type { Request } from "./protocol/operations.ts";

/** A request, or what is wrong with it. */
export type Asked = {
  readonly xid: number;
  /** Bytes of its frame, and of a multi what its operations take as objects. */
  readonly bytes: number;
  /** Monotonic clock, when it came. */
  readonly atMs: number;
} & ({ readonly request: Request } | { readonly error: ZooKeeperError });
