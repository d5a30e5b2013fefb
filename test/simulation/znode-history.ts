/** What really became of a tree, by its log, and whether that fits what its clients were told. */
import type { SimulatedStore } from "../../shared/storage/memory/simulated-store.ts";
import { isEphemeral } from "../../shared/tree/owner.ts";
import type { Change, Transaction } from "../../shared/tree/transaction.ts";
import { concerns, eventsOf } from "../../shared/tree/tree-events.ts";
import { hearTree } from "./hear-tree.ts";

/** A write of a value that nobody else writes, and what its client was told. */
export interface UniqueWrite {
  readonly value: string;
  /** Znodes that all hold the value at one zxid, or none of them ever. */
  readonly paths: readonly string[];
  /** Of the versions that it was to replace, by path. */
  readonly versions: ReadonlyMap<string, number>;
  outcome: "ok" | "fail" | "info";
}

/** What a watcher was told between two zxids. */
export interface Watched {
  readonly path: string;
  readonly since: number;
  upTo: number;
  readonly events: string[];
}

interface Write {
  readonly zxid: number;
  /** Before it; -1 for a znode that is new. */
  readonly version: number;
}

export class ZnodeHistory {
  readonly anomalies: string[] = [];
  readonly writes: UniqueWrite[] = [];
  readonly watched: Watched[] = [];
  /** Behind the last zxid. */
  end = 0;
  readonly #events: { readonly zxid: number; readonly type: string; readonly path: string }[] = [];
  readonly #open = new Set<bigint>();
  readonly #owners = new Map<string, bigint>();
  readonly #versions = new Map<string, number>();
  /** By value, then by path. */
  readonly #written = new Map<string, Map<string, Write>>();
  readonly #created = new Set<string>();
  readonly #sequences = new Map<string, number>();

  /** Listens from now on. */
  constructor(store: SimulatedStore, namespace: string) {
    hearTree(store, namespace, (transaction, zxid) => this.#hear(transaction, zxid));
  }

  #hear(transaction: Transaction, zxid: number): void {
    for (const change of transaction.changes) this.#apply(change, zxid);
    for (const { type, path } of eventsOf(transaction)) this.#events.push({ zxid, type, path });
    this.end = zxid + 1;
  }

  #apply(change: Change, zxid: number): void {
    switch (change.kind) {
      case "create":
        this.#create(change, zxid);
        this.#write(change.path, change.data, zxid, -1);
        this.#versions.set(change.path, 0);
        return;
      case "setData": {
        const before = this.#versions.get(change.path) ?? 0;
        this.#write(change.path, change.data, zxid, before);
        this.#versions.set(change.path, change.version);
        return;
      }
      case "delete":
        this.#owners.delete(change.path);
        return;
      case "createSession":
        this.#open.add(change.sessionId);
        return;
      case "closeSession":
        this.#open.delete(change.sessionId);
        for (const { path } of change.removed) this.#owners.delete(path);
        for (const [path, owner] of this.#owners) {
          if (owner === change.sessionId) this.anomalies.push(`${path} outlives its session, closed at ${zxid}`);
        }
        return;
      default:
        return;
    }
  }

  #create({ path, owner }: Extract<Change, { kind: "create" }>, zxid: number): void {
    if (isEphemeral(owner)) {
      if (!this.#open.has(owner)) this.anomalies.push(`${path} was created at ${zxid} for a session that is not open`);
      this.#owners.set(path, owner);
    }
    const sequence = /^(.*-)(\d{10})$/.exec(path);
    if (sequence === null) return;
    if (this.#created.has(path)) this.anomalies.push(`${path} was created again at ${zxid}`);
    this.#created.add(path);
    const [, parent = "", suffix = ""] = sequence;
    const last = this.#sequences.get(parent) ?? -1;
    if (Number(suffix) <= last) this.anomalies.push(`${path} was created at ${zxid}, after ${parent}${last}`);
    this.#sequences.set(parent, Number(suffix));
  }

  #write(path: string, data: Uint8Array | null, zxid: number, version: number): void {
    const value = new TextDecoder().decode(data ?? undefined);
    if (value === "") return;
    const places = this.#written.get(value) ?? new Map<string, Write>();
    this.#written.set(value, places);
    const place = path.replace(/\d{10}$/, "");
    if (places.has(place)) this.anomalies.push(`${value} was written to ${place} twice`);
    places.set(place, { zxid, version });
  }

  judge(): void {
    for (const write of this.writes) this.#judgeWrite(write);
    for (const watched of this.watched) this.#judgeWatched(watched);
    for (const path of this.#owners.keys()) this.anomalies.push(`${path} is left`);
  }

  #judgeWrite({ value, paths, versions, outcome }: UniqueWrite): void {
    const places = this.#written.get(value);
    if (places === undefined) {
      if (outcome === "ok") this.anomalies.push(`lost write: ${value}`);
      return;
    }
    if (outcome === "fail") this.anomalies.push(`failed write is there: ${value} at ${[...places.keys()].join()}`);
    const zxids = new Set([...places.values()].map(({ zxid }) => zxid));
    if (places.size !== paths.length || zxids.size > 1) {
      this.anomalies.push(`torn: ${value} is at ${[...places.keys()].join()} of ${paths.join()}`);
    }
    for (const [path, expected] of versions) {
      const found = places.get(path)?.version ?? expected;
      if (found !== expected) {
        this.anomalies.push(`lost update: ${value} replaced version ${found} of ${path}, and asked for ${expected}`);
      }
    }
  }

  #judgeWatched({ path, since, upTo, events }: Watched): void {
    const scope = { path, recursive: true };
    const expected = this.#events.flatMap(({ zxid, type, path: at }) => {
      const isHeard =
        zxid > since && zxid <= upTo && concerns(scope, { path: at, type } as Parameters<typeof concerns>[1]);
      return isHeard ? [`${zxid} ${type} ${at}`] : [];
    });
    const wrong = expected.findIndex((event, index) => events[index] !== event);
    if (wrong >= 0)
      this.anomalies.push(`a watcher since ${since} heard ${events[wrong]} instead of ${expected[wrong]}`);
    else if (events.length > expected.length) this.anomalies.push(`a watcher heard ${events[expected.length]}`);
  }
}
