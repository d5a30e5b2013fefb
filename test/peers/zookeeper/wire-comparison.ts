/** Holds what two servers told one client against each other; what is meant to differ differs by a rule, with its reason. */
import type { OperationName } from "../../../gateway/zookeeper/protocol/operations.ts";
import { findPathProblem } from "../../../shared/tree/paths.ts";
import type { Acl } from "../../../shared/tree/acl.ts";
import type { Reply } from "../../gateway/zookeeper/wire-client.ts";
import { nameOfStep, type WireStep } from "./wire-steps.ts";
import { findDisorder } from "./zxid-order.ts";

/** Undefined where the connection was closed instead. */
export type Outcome = Reply<OperationName> | undefined;

const ok = 0;
const badArguments = -8;
const noNode = -101;
const noWatcher = -121;
const zxidFields: ReadonlySet<string> = new Set(["czxid", "mzxid", "pzxid"]);
const writes: ReadonlySet<string> = new Set([
  "create",
  "create2",
  "createContainer",
  "createTTL",
  "delete",
  "setData",
  "setACL",
  "multi",
]);
/** Answered before they reach the tree, with zxid 0. */
const withoutZxid: ReadonlySet<string> = new Set(["auth", "raw"]);

export class WireComparison {
  /** How often each intended difference was met. */
  readonly differences = new Map<string, number>();
  /** A moment has another number on either side: since a refused write takes a zxid in ZooKeeper. */
  readonly #zxids = new Map<number, number>();
  readonly #sessions = new Map<bigint, bigint>();
  #lastReal = 0;
  #lastOurs = 0;

  session(real: bigint, ours: bigint): void {
    this.#sessions.set(real, ours);
  }

  /** What differs in the answers to one step, or undefined. */
  find(step: WireStep, real: Outcome, ours: Outcome): string | undefined {
    if (real === undefined || ours === undefined) {
      return real === ours ? undefined : `only ${real === undefined ? "the real one" : "ours"} closed the connection`;
    }
    if (real.xid !== ours.xid) return `xid ${real.xid} and ${ours.xid}`;
    if (real.err !== ours.err) return this.#findInErrors(step, real.err, ours.err);
    const name = nameOfStep(step);
    return (
      (withoutZxid.has(name) ? undefined : this.#findInZxids(name, real, ours)) ??
      this.#findIn("", real.body, ours.body)
    );
  }

  findDisorder(): string | undefined {
    return findDisorder(this.#zxids);
  }

  #findInErrors(step: WireStep, real: number, ours: number): string | undefined {
    if (step.kind === "ask") {
      const { kind, body } = step.request;
      if (kind === "checkWatches" && real === ok && ours === noWatcher) {
        return this.#intend("checkWatches finds anybody's watch in 3.8");
      }
      const isBroken = "path" in body && findPathProblem(body.path ?? "") !== undefined;
      // Theirs looks it up as it is; "" is the root.
      if (isBroken && (real === noNode || body.path === "") && ours === badArguments)
        return this.#intend("a read of a malformed path");
    }
    return `error ${real} and ${ours}`;
  }

  #intend(difference: string): undefined {
    this.differences.set(difference, (this.differences.get(difference) ?? 0) + 1);
  }

  #findInZxids(name: string, real: Reply<OperationName>, ours: Reply<OperationName>): string | undefined {
    if (real.zxid < this.#lastReal) return `the real one's zxid ${real.zxid} after ${this.#lastReal}`;
    if (ours.zxid < this.#lastOurs) return `zxid ${ours.zxid} after ${this.#lastOurs}`;
    const isDone = writes.has(name) && real.err === ok && !isRefusedMulti(real.body);
    if (isDone && ours.zxid === this.#lastOurs) return `a write whose zxid ${ours.zxid} is not new`;
    this.#lastReal = real.zxid;
    this.#lastOurs = ours.zxid;
    return isDone ? this.#findInMoment(real.zxid, ours.zxid) : undefined;
  }

  #findInMoment(real: number, ours: number): string | undefined {
    const known = this.#zxids.get(real);
    if (known === undefined) this.#zxids.set(real, ours);
    return known === undefined || known === ours ? undefined : `zxid ${real} is ${ours} and was ${known}`;
  }

  #findIn(field: string, real: unknown, ours: unknown): string | undefined {
    if (zxidFields.has(field)) return this.#findInMoment(real as number, ours as number);
    if (field === "ephemeralOwner") return this.#findInOwner(real as bigint, ours as bigint);
    // Clocks differ.
    if (field === "ctime" || field === "mtime") return undefined;
    if (real instanceof Uint8Array && ours instanceof Uint8Array) {
      return Buffer.compare(real, ours) === 0 ? undefined : `${field} differs`;
    }
    if (Array.isArray(real) && Array.isArray(ours)) return this.#findInList(field, real, ours);
    if (typeof real !== "object" || typeof ours !== "object" || real === null || ours === null) {
      return real === ours ? undefined : `${field} ${String(real)} and ${String(ours)}`;
    }
    const names = new Set([...Object.keys(real), ...Object.keys(ours)]);
    for (const name of names) {
      const problem = this.#findIn(name, (real as never)[name], (ours as never)[name]);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #findInList(field: string, real: readonly unknown[], ours: readonly unknown[]): string | undefined {
    if (real.length !== ours.length) return `${field}: ${json(real)} and ${json(ours)}`;
    const [one, other] = [inOrder(field, real), inOrder(field, ours)];
    for (const [index, item] of one.entries()) {
      const problem = this.#findIn(`${field}.${index}`, item, other[index]);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #findInOwner(real: bigint, ours: bigint): string | undefined {
    const expected = real > 0n ? this.#sessions.get(real) : real;
    return expected === ours ? undefined : `ephemeralOwner ${real} and ${ours}`;
  }
}

function isRefusedMulti(body: unknown): boolean {
  return (
    Array.isArray(body) && (body.length === 0 || (body as { kind: string }[]).some(({ kind }) => kind === "error"))
  );
}

/** Names and identities are in the order of a hash table there; so are those that `auth` stands for in a list. */
function inOrder(field: string, items: readonly unknown[]): readonly unknown[] {
  if (field === "children" || field === "ephemerals" || field === "clientInfo") {
    return items.toSorted((one, other) => (json(one) < json(other) ? -1 : 1));
  }
  if (field !== "acl") return items;
  const rows = items as readonly Acl[];
  const runs: Acl[][] = [];
  for (const row of rows) {
    const run = runs.at(-1);
    if (run?.[0]?.permissions === row.permissions) run.push(row);
    else runs.push([row]);
  }
  return runs.flatMap((run) => run.toSorted((one, other) => (json(one) < json(other) ? -1 : 1)));
}

export function json(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => {
    if (typeof field === "bigint") return field.toString();
    return field instanceof Uint8Array ? Buffer.from(field).toString("hex").slice(0, 40) : field;
  });
}
