/** Members of a classic group, as clients behave: they join, take what their leader assigns, and join again when they are told to. */
import type { ClassicJoin, JoinClassicGroup } from "../../../shared/services/classic-groups.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { type GroupProcess, name } from "./group-world.ts";

export type Joined = Extract<ClassicJoin, { readonly kind: "joined" }>;

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export const wish: JoinClassicGroup = {
  ...name,
  clientId: "client",
  clientHost: "/127.0.0.1",
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 20_000,
  protocolType: "consumer",
  protocols: [{ name: "range", metadata: bytesOf("topics") }],
  requiresMemberId: true,
  skipsAssignment: true,
};

export class Client {
  process: GroupProcess;
  memberId: string | undefined;
  generation = -1;
  assignment = "";
  leads = false;
  /** How often it has joined. */
  joins = 0;
  readonly #own: Partial<JoinClassicGroup>;

  constructor(process: GroupProcess, own: Partial<JoinClassicGroup> = {}) {
    this.process = process;
    this.#own = own;
  }

  get self() {
    const { instanceId } = this.#own;
    const memberId = this.memberId ?? "none";
    return { ...name, memberId, generation: this.generation, ...(instanceId === undefined ? {} : { instanceId }) };
  }

  /** One JoinGroup, or two where an id is asked for. */
  async join(more: Partial<JoinClassicGroup> = {}): Promise<Joined> {
    const { memberId } = this;
    this.joins += 1;
    const joined = await this.process.classic.join({
      ...wish,
      ...this.#own,
      ...(memberId === undefined ? {} : { memberId }),
      ...more,
    });
    this.memberId = joined.memberId;
    if (joined.kind === "named") return await this.join(more);
    this.generation = joined.generation;
    this.leads = joined.leader === joined.memberId;
    return joined;
  }

  /** The leader assigns each member its own id. */
  async sync(joined: Joined): Promise<string> {
    const members = this.leads && !joined.skipAssignment ? joined.members : [];
    const assignments = members.map(({ memberId }) => ({ memberId, assignment: bytesOf(`for ${memberId}`) }));
    const synced = await this.process.classic.sync({ ...this.self, assignments, protocolName: joined.protocolName });
    this.assignment = textOf(synced.assignment);
    return this.assignment;
  }

  /** Joins and syncs until it has an assignment. */
  async enter(): Promise<void> {
    for (let tries = 0; tries < 10; tries += 1) {
      try {
        await this.sync(await this.join());
        return;
      } catch (cause) {
        if (!(cause instanceof ServiceError)) throw cause;
        if (cause.code === "UNKNOWN_MEMBER_ID") this.memberId = undefined;
        else if (cause.code !== "REBALANCE_IN_PROGRESS" && cause.code !== "REQUEST_TIMED_OUT") throw cause;
      }
    }
    throw new Error("the member finds no generation");
  }

  /** The code that it is told, or "ok". */
  async beat(): Promise<string> {
    return await outcome(this.process.classic.heartbeat(this.self));
  }

  /** Heartbeats until the time is over, and joins again whenever it is told to. */
  async live(world: { sleep(ms: number): Promise<void> }, forMs: number, everyMs = 1_000): Promise<void> {
    for (let passedMs = 0; passedMs < forMs; passedMs += everyMs) {
      const code = await this.beat();
      if (code === "UNKNOWN_MEMBER_ID") this.memberId = undefined;
      if (code !== "ok") await this.enter();
      await world.sleep(everyMs);
    }
  }
}

export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (cause) {
    if (cause instanceof ServiceError) return cause.code;
    throw cause;
  }
}
