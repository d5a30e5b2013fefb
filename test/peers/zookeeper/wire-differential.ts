/**
 * Rounds in which one client asks for much at once and all are told of it. Only one client writes at a time, or the order of
 * what happens would be another on either side.
 */
import type { WatchScope } from "../../../shared/tree/tree-events.ts";
import type { Request, RequestOf } from "../../../gateway/zookeeper/protocol/operations.ts";
import type { ResponseOf } from "../../gateway/zookeeper/wire-client.ts";
import { History } from "./history.ts";
import { WireComparison } from "./wire-comparison.ts";
import { compareRefusals, type Moment, type Ports, type SettleOptions, WirePair } from "./wire-pair.ts";
import { WireGenerator, type WireStep } from "./wire-steps.ts";

export interface DifferentialOptions {
  readonly ports: Ports;
  readonly seed: number;
  /** What each client proves to be. */
  readonly callers: readonly (readonly string[])[];
  /** Ids of users that lists may name. */
  readonly digests: readonly string[];
}

interface Caller {
  readonly proofs: readonly string[];
  pair: WirePair;
  /** Moments at which it knew all, and how much had happened by then. */
  seen: (Moment & { readonly historyLength: number })[];
}

const batchSteps = 200;
const seenMax = 6;
const timeOutMs = 40_000;
const removedAtOnce = 20;

export class WireDifferential {
  readonly comparison = new WireComparison();
  readonly #options: DifferentialOptions;
  readonly #generator: WireGenerator;
  readonly #history: History;
  readonly #callers: Caller[] = [];
  readonly #ended: WirePair[] = [];

  private constructor(options: DifferentialOptions, history: History) {
    this.#options = options;
    this.#history = history;
    this.#generator = new WireGenerator(options.seed, options.digests);
  }

  static async open(options: DifferentialOptions): Promise<WireDifferential> {
    const made = new WireDifferential(options, await History.open(options.ports.real, "super:secret"));
    for (const proofs of options.callers) {
      const caller: Caller = { proofs, pair: await made.#pair(proofs), seen: [] };
      made.#callers.push(caller);
      await made.#prove(caller);
    }
    return made;
  }

  get answers(): number {
    return this.#pairs.reduce((sum, { compared }) => sum + compared.answers, 0);
  }

  get events(): number {
    return this.#pairs.reduce((sum, { compared }) => sum + compared.events, 0);
  }

  /** How often each operation was answered with which error. */
  get met(): ReadonlyMap<string, number> {
    const met = new Map<string, number>();
    for (const pair of this.#pairs) for (const [kind, count] of pair.met) met.set(kind, (met.get(kind) ?? 0) + count);
    return met;
  }

  get #pairs(): readonly WirePair[] {
    return [...this.#ended, ...this.#callers.map(({ pair }) => pair)];
  }

  destroy(): void {
    for (const { pair } of this.#callers) pair.destroy();
    this.#history.destroy();
  }

  async round(): Promise<void> {
    const roll = this.#generator.below(100);
    const caller = this.#pick();
    if (roll < 78) await this.#ask(caller);
    else if (roll < 86) await this.#makeRoom();
    else if (roll < 92) await this.#comeBack(caller, roll < 88);
    else if (roll < 95) await this.#endSession(caller);
    else if (roll < 96) await this.#askNonsense(caller);
    else if (roll < 97) await this.#proveNothing(caller);
    else if (roll < 99) await this.#proveMore(caller);
    else await this.#askForNoSession(caller);
  }

  #pick(): Caller {
    return this.#generator.pick(this.#callers);
  }

  async #pair(proofs: readonly string[]): Promise<WirePair> {
    const timeOut = this.#generator.pick([timeOutMs, timeOutMs, 30_000, 1_000_000]);
    return await WirePair.open(proofs.join(" and ") || "nobody", this.#options.ports, this.comparison, timeOut);
  }

  async #prove({ pair, proofs }: Caller): Promise<void> {
    for (const proof of proofs) pair.request(auth("digest", Buffer.from(proof)));
    await pair.answered();
  }

  async #ask(caller: Caller): Promise<void> {
    for (let count = 0; count < batchSteps; count += 1) await this.#askOne(caller, this.#generator.next());
    await this.#settle();
  }

  /** ZooKeeper checks what follows a setACL by the old list until that is applied: it is waited for. */
  async #askOne({ pair }: Caller, step: WireStep): Promise<void> {
    pair.ask(step);
    const isSetAcl = step.kind === "ask" ? step.request.kind === "setACL" : step.type === 7;
    if (isSetAcl) await pair.answered();
  }

  async #settle(options: SettleOptions & { readonly ended?: Caller } = {}): Promise<void> {
    const callers = this.#callers.filter((caller) => caller !== options.ended);
    // Who has asked for something has done so before the others' pings.
    for (const caller of callers) await caller.pair.answered();
    const inOrder = callers.toSorted((one, other) => other.pair.waiting - one.pair.waiting);
    for (const { pair } of inOrder) pair.ping();
    const historyLength = await this.#history.length();
    for (const caller of inOrder) {
      const moment = await caller.pair.settle({ anyOrder: options.anyOrder ?? false });
      caller.seen.push({ ...moment, historyLength });
      if (caller.seen.length > seenMax) caller.seen.splice(this.#generator.below(seenMax), 1);
    }
  }

  /** Or what nobody may delete would be all that is left. */
  async #makeRoom(): Promise<void> {
    const caller = this.#callers.find(({ proofs }) => proofs.includes("super:secret"));
    if (caller === undefined) return;
    const all = (await this.#childrenOf(caller, "/")).filter((path) => path !== "/zookeeper");
    const first = this.#generator.below(Math.max(1, all.length));
    const paths = all.slice(first, first + removedAtOnce);
    for (const path of paths) paths.push(...(await this.#childrenOf(caller, path)));
    for (const path of paths.toReversed()) caller.pair.request({ kind: "delete", body: { path, version: -1 } });
    await this.#settle();
  }

  async #childrenOf({ pair }: Caller, path: string): Promise<readonly string[]> {
    pair.request({ kind: "getChildren", body: { path, watch: false } });
    const answer = (await pair.lastAnswer())?.body as ResponseOf<"getChildren"> | undefined;
    return (answer?.children ?? []).map((name) => (path === "/" ? `/${name}` : `${path}/${name}`));
  }

  /** The connection is lost, or another takes the session; watches are set again. */
  async #comeBack(caller: Caller, isTakenOver: boolean): Promise<void> {
    const { pair } = caller;
    const left = [pair.real, pair.ours];
    if (!isTakenOver) {
      pair.destroy();
      const other = this.#pick();
      if (other !== caller) {
        for (let count = 0; count < batchSteps; count += 1) await this.#askOne(other, this.#generator.next());
        await this.#settle({ ended: caller });
      }
    }
    await pair.reconnect(this.#options.ports, caller.seen.at(-1) ?? { real: 0, ours: 0 });
    if (isTakenOver) await Promise.all(left.map((client) => client.closed()));
    await this.#prove(caller);
    await this.#setWatches(caller);
    await this.#settle();
  }

  async #setWatches(caller: Caller): Promise<void> {
    const { pair } = caller;
    const since = caller.seen[this.#generator.below(caller.seen.length)] ?? { real: 0, ours: 0, historyLength: 0 };
    const isSuper = caller.proofs.includes("super:secret");
    if (this.#generator.below(3) === 0) {
      const body = this.#generator.setWatches(since.ours, false);
      askEach(pair, "setWatches", { ...body, relativeZxid: since.real }, body);
      return;
    }
    // What others have missed depends on lists that are gone.
    const body = this.#generator.setWatches(since.ours, isSuper);
    const scopes: WatchScope[] = [
      ...body.persistentWatches.map((path) => ({ path, recursive: false })),
      ...body.persistentRecursiveWatches.map((path) => ({ path, recursive: true })),
    ];
    await this.#history.length();
    const missed = since.ours === 0 ? [] : this.#history.missed(since.historyLength, scopes);
    askEach(pair, "setWatches2", { ...body, relativeZxid: since.real }, body);
    await pair.settle({ missed, anyOrder: this.#history.hasEndOfSession(since.historyLength) });
  }

  async #endSession(caller: Caller): Promise<void> {
    const { pair } = caller;
    await this.#settle();
    pair.request({ kind: "closeSession", body: {} });
    await pair.settle({ ends: true, anyOrder: true });
    await this.#settle({ ended: caller, anyOrder: true });
    this.#ended.push(pair);
    this.#history.sessionEnded();
    caller.pair = await this.#pair(caller.proofs);
    caller.seen = [];
    await this.#prove(caller);
    await this.#settle();
  }

  /** An operation that there is not ends the connection, not the session. */
  async #askNonsense(caller: Caller): Promise<void> {
    caller.pair.ask(this.#generator.unknown());
    await this.#endAndComeBack(caller);
  }

  async #proveNothing(caller: Caller): Promise<void> {
    const none = [auth("unheard-of", Buffer.from("a:b")), auth("digest", null), auth("world", Buffer.from("anyone"))];
    caller.pair.request(this.#generator.pick(none));
    await this.#endAndComeBack(caller);
  }

  async #endAndComeBack(caller: Caller): Promise<void> {
    await caller.pair.settle({ ends: true });
    await caller.pair.reconnect(this.#options.ports, caller.seen.at(-1) ?? { real: 0, ours: 0 });
    await this.#prove(caller);
    await this.#settle();
  }

  async #proveMore(caller: Caller): Promise<void> {
    const more = [
      auth("ip", Buffer.from("1.2.3.4")),
      auth("digest", Buffer.from("eve")),
      auth("digest", Buffer.from("a:b:c")),
    ];
    caller.pair.request(this.#generator.pick(more));
    await caller.pair.answered();
    caller.pair.request({ kind: "whoAmI", body: {} });
    await this.#settle();
  }

  /** With a password that is another's, a session that there is not, or from a future. */
  async #askForNoSession(caller: Caller): Promise<void> {
    const { real, ours } = caller.pair;
    const [one, other] = [real, ours].map(({ session }) => session?.sessionId ?? 0n);
    const passwd = new Uint8Array(16).fill(7);
    const { ports } = this.#options;
    await compareRefusals(ports, { sessionId: one ?? 0n, passwd }, { sessionId: other ?? 0n, passwd });
    await compareRefusals(ports, { sessionId: 77n, passwd }, { sessionId: 77n, passwd });
    await compareRefusals(ports, { lastZxidSeen: 2 ** 40 }, { lastZxidSeen: 2 ** 40 });
    // A wrong password closes the connection of who has the right one, there.
    await caller.pair.reconnect(ports, caller.seen.at(-1) ?? { real: 0, ours: 0 });
    await this.#prove(caller);
    await this.#settle();
  }
}

function auth(scheme: string, proof: Uint8Array | null): Request {
  return { kind: "auth", body: { type: 0, scheme, auth: proof } };
}

function askEach<Kind extends "setWatches" | "setWatches2">(
  pair: WirePair,
  kind: Kind,
  real: RequestOf<Kind>,
  ours: RequestOf<Kind>,
): void {
  const step = (body: RequestOf<Kind>): WireStep => ({ kind: "ask", request: { kind, body } as Request });
  pair.askEach(step(real), step(ours));
}
