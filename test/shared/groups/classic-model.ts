/** A classic group under a clock that tests move: decisions one after another, without a store. */
import { advance, finishJoining } from "../../../shared/groups/advance-classic.ts";
import { type ClassicMoment, type ClassicState, emptyClassic } from "../../../shared/groups/classic-state.ts";
import { type ClassicWish, joinClassic, leaveClassic, syncClassic } from "../../../shared/groups/decide-classic.ts";

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function protocolsOf(...names: readonly string[]) {
  return names.map((name) => ({ name, metadata: bytes(`of ${name}`) }));
}

export class ClassicModel {
  state: ClassicState = emptyClassic;
  nowMs = 1_000_000;
  readonly #leases = new Map<string, number>();
  readonly #synced = new Map<string, number>();
  #ids = 0;

  get moment(): ClassicMoment {
    return { nowMs: this.nowMs, skewMs: 0, leases: this.#leases, synced: this.#synced };
  }

  /** What it is told: a code, the id that it is given, "waits", or "answered". */
  join(wish: Partial<ClassicWish> = {}): string {
    this.#ids += 1;
    const all: ClassicWish = {
      memberId: "",
      newMemberId: `m${this.#ids}`,
      clientId: "c",
      clientHost: "/h",
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      protocolType: "consumer",
      protocols: protocolsOf("range"),
      requiresMemberId: false,
      skipsAssignment: true,
      ...wish,
    };
    this.pass(0);
    const decision = joinClassic(this.state, all, this.moment);
    if (decision.kind === "refused") return decision.code;
    this.state = finishJoining(decision.state, this.moment);
    if (decision.kind !== "named") this.#leases.set(decision.memberId, this.nowMs + all.sessionTimeoutMs);
    if (decision.kind === "answered" && decision.replaced) this.#synced.set(decision.memberId, this.state.generation);
    return decision.kind === "named" ? decision.memberId : decision.kind;
  }

  sync(memberId: string, more: { readonly generation?: number; readonly protocolName?: string } = {}): string {
    this.pass(0);
    const all = { memberId, generation: this.state.generation, assignments: new Map(), ...more };
    const decision = syncClassic(this.state, all, this.moment);
    if (decision.kind === "refused") return decision.code;
    this.#synced.set(memberId, this.state.generation);
    if (decision.kind === "assigned") this.state = decision.state;
    return decision.kind;
  }

  leave(...memberIds: readonly string[]): readonly (string | undefined)[] {
    this.pass(0);
    const leaves = memberIds.map((memberId) => ({ memberId }));
    const left = leaveClassic(this.state, leaves, this.moment);
    this.state = finishJoining(left.state, this.moment);
    return left.refusals;
  }

  /** Time passes, while the members are heard that are given. */
  pass(ms: number, ...heard: readonly string[]): void {
    const untilMs = this.nowMs + ms;
    do {
      this.nowMs = Math.min(untilMs, this.nowMs + 500);
      for (const memberId of heard) this.#leases.set(memberId, this.nowMs + 10_000);
      for (let next = advance(this.state, this.moment); next !== this.state; next = advance(this.state, this.moment)) {
        this.state = next;
      }
    } while (this.nowMs < untilMs);
  }

  /** Members join one after another, and the group becomes stable. */
  settle(...wishes: readonly Partial<ClassicWish>[]): readonly string[] {
    for (const wish of wishes) this.join(wish);
    this.pass(5_000);
    const ids = [...this.state.members.keys()];
    for (const id of ids) this.sync(id);
    return ids;
  }
}
