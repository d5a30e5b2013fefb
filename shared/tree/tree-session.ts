/** A session that is open, as the tree knows it; whether it is still alive its lease says. */
export interface TreeSession {
  readonly timeoutMs: number;
  /** 16 bytes. */
  readonly password: Uint8Array;
  /** Who serves the session; absent until somebody took it over. */
  readonly owner?: bigint;
}
