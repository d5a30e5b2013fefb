/** What really became of leases and sessions in a simulated store, by its own time, whoever was told what. */
import { treeLogId } from "../../shared/log/log-id.ts";
import { sessionsPartition } from "../../shared/storage/item-keys.ts";
import type { SimulatedStore } from "../../shared/storage/memory/simulated-store.ts";
import { decodeTreeEntry } from "../../shared/tree/tree-entry.ts";

export interface SessionLife {
  /** When the tree had it, and had it no longer; virtual ms. */
  createdAtMs: number;
  closedAtMs?: number;
}

const entriesMax = 1_000_000;

export class SessionHistory {
  readonly #store: SimulatedStore;
  readonly #namespace: string;
  readonly #putAtMs = new Map<number, number>();
  /** Latest end that each lease was ever given, by the wall clock of whoever gave it. */
  readonly #expiresAtMs = new Map<bigint, number>();

  /** Listens from now on. */
  constructor(store: SimulatedStore, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
    const { logs, items } = store;
    const [put, update] = [logs.put.bind(logs), items.update.bind(items)];
    logs.put = (entry) => {
      const existing = put(entry);
      if (existing === undefined && entry.logId === treeLogId(namespace)) {
        this.#putAtMs.set(entry.position, store.time.nowMs);
      }
      return existing;
    };
    items.update = (key, change, conditions) => {
      const result = update(key, change, conditions);
      const expiresAtMs = change.set?.["expiresAtMs"];
      if (result.applied && key.partition === sessionsPartition(namespace) && typeof expiresAtMs === "number") {
        const id = BigInt(key.sort);
        this.#expiresAtMs.set(id, Math.max(expiresAtMs, this.#expiresAtMs.get(id) ?? 0));
      }
      return result;
    };
  }

  /** Virtual ms; as far off as clocks are. */
  leaseEndMs(sessionId: bigint): number {
    const startWallMs = this.#store.wallMs() - this.#store.time.nowMs;
    return (this.#expiresAtMs.get(sessionId) ?? 0) - startWallMs;
  }

  /** Every session that the tree ever had. */
  lives(): ReadonlyMap<bigint, SessionLife> {
    const lives = new Map<bigint, SessionLife>();
    for (const entry of this.#store.logs.from(treeLogId(this.#namespace), 0, entriesMax)) {
      if (entry.payload.kind !== "inline")
        throw new Error(`the entry at ${entry.position} is too large to be looked at`);
      const atMs = this.#putAtMs.get(entry.position) ?? 0;
      for (const { changes } of decodeTreeEntry(entry, entry.payload.bytes)) {
        for (const change of changes) {
          if (change.kind === "createSession") lives.set(change.sessionId, { createdAtMs: atMs });
          const life = change.kind === "closeSession" ? lives.get(change.sessionId) : undefined;
          if (life !== undefined) life.closedAtMs = atMs;
        }
      }
    }
    return lives;
  }
}
