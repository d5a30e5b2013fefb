/** What really became of a lock and of what it guards, by the order of the tree's log, whoever was told what. */
import type { SimulatedStore } from "../../shared/storage/memory/simulated-store.ts";
import type { Change, Transaction } from "../../shared/tree/transaction.ts";
import { hearTree } from "./hear-tree.ts";

/** A place in line, from its creation to its end. */
export interface Stand {
  readonly path: string;
  readonly czxid: number;
  readonly mode: string;
  readonly contenderId: string;
  /** When nothing before it was in its way any more. */
  grantedZxid?: number;
  goneZxid?: number;
  goneMs?: number;
  /** True if its session took it along. */
  goneWithSession?: boolean;
}

/** A write of a holder's token to the guarded znode. */
export interface GuardedWrite {
  readonly zxid: number;
  readonly token: number;
  /** Tokens of those who held the lock when it was written. */
  readonly holders: readonly number[];
}

export class LineHistory {
  /** By their czxids, in the order of their creation. */
  readonly stands = new Map<number, Stand>();
  readonly writes: GuardedWrite[] = [];
  /** Behind the last zxid. */
  end = 0;
  readonly #store: SimulatedStore;
  readonly #parent: string;
  readonly #guarded: string;
  #line: Stand[] = [];

  /**
   * Listens from now on.
   *
   * @param guarded path of the znode that holds the token of who wrote it last
   */
  constructor(store: SimulatedStore, namespace: string, parent: string, guarded: string) {
    this.#store = store;
    this.#parent = parent;
    this.#guarded = guarded;
    hearTree(store, namespace, (transaction, zxid) => this.#hear(transaction, zxid));
  }

  /** Those who hold the lock now. */
  holders(): readonly Stand[] {
    const firstWriter = this.#line.findIndex(({ mode }) => mode === "write");
    return firstWriter < 0 ? this.#line : this.#line.slice(0, Math.max(1, firstWriter));
  }

  /** Whether a contender is in line now. */
  isInLine(contenderId: string): boolean {
    return this.#line.some((stand) => stand.contenderId === contenderId);
  }

  #hear({ changes }: Transaction, zxid: number): void {
    for (const change of changes) this.#apply(change, zxid);
    for (const holder of this.holders()) holder.grantedZxid ??= zxid;
    this.end = zxid + 1;
  }

  #apply(change: Change, zxid: number): void {
    switch (change.kind) {
      case "create":
        if (change.path.startsWith(`${this.#parent}/`)) this.#enter(change.path, zxid);
        return;
      case "delete":
        this.#leave(change.path, zxid, false);
        return;
      case "closeSession":
        for (const { path } of change.removed) this.#leave(path, zxid, true);
        return;
      case "setData":
        if (change.path !== this.#guarded) return;
        this.writes.push({
          zxid,
          token: Number(new TextDecoder().decode(change.data ?? undefined)),
          holders: this.holders().map(({ czxid }) => czxid),
        });
        return;
      default:
        return;
    }
  }

  #enter(path: string, czxid: number): void {
    const [, mode = "", contenderId = ""] = /\/(write|read)-(.+)-\d{10}$/.exec(path) ?? [];
    const stand = { path, czxid, mode, contenderId };
    this.stands.set(czxid, stand);
    this.#line.push(stand);
  }

  #leave(path: string, zxid: number, withSession: boolean): void {
    const stand = this.#line.find((one) => one.path === path);
    if (stand === undefined) return;
    stand.goneZxid = zxid;
    stand.goneMs = this.#store.time.nowMs;
    stand.goneWithSession = withSession;
    this.#line = this.#line.filter((one) => one !== stand);
  }
}

/** Writes that came when somebody else held the lock. */
export function strangeWrites({ writes }: LineHistory): string[] {
  return writes.flatMap(({ zxid, token, holders }) =>
    holders.includes(token)
      ? []
      : [`${token} wrote to the znode at ${zxid} while ${holders.join() || "nobody"} held the lock`],
  );
}

/** Records that came after one with a greater token. */
export function lateRecords(tokens: readonly number[]): string[] {
  let greatest = 0;
  return tokens.flatMap((token, offset) => {
    const isLate = token < greatest;
    greatest = Math.max(greatest, token);
    return isLate ? [`${token} wrote the record at ${offset} after ${greatest} had written one`] : [];
  });
}

/** Grants, in the order of the log, whose tokens do not grow. */
export function shrinkingTokens({ stands }: LineHistory): string[] {
  const granted = [...stands.values()].filter(({ mode, grantedZxid }) => mode === "write" && grantedZxid !== undefined);
  const inOrder = granted.toSorted((one, other) => (one.grantedZxid ?? 0) - (other.grantedZxid ?? 0));
  return inOrder.flatMap(({ czxid }, index) => {
    const before = inOrder[index - 1]?.czxid ?? 0;
    return czxid > before ? [] : [`${czxid} was granted after ${before}`];
  });
}
