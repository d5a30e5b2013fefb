/** Groups of Kafka's classic protocol. Their state is the group's item: any process serves any member. */
import { finishJoining } from "../groups/advance-classic.ts";
import { type ClassicState, metadataOf } from "../groups/classic-state.ts";
import {
  type ClassicRefusal,
  type ClassicWish,
  findProblem,
  heartbeatClassic,
  joinClassic,
  leaveClassic,
  syncClassic,
} from "../groups/decide-classic.ts";
import { isClassicMember, leaseName, syncName } from "../groups/group-item.ts";
import { classicLookMs, leaseWritesPerSession } from "../limits/classic-groups.ts";
import {
  groupItemBytesMax,
  groupRebalanceTimeoutMsMax,
  groupRebalanceTimeoutMsMin,
  groupRemovalsMax,
} from "../limits/groups.ts";
import { memberIdCharsMax } from "../limits/group-requests.ts";
import { instantOf } from "../log/evidence.ts";
import type { Attributes } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { withChangeErrors } from "./change-errors.ts";
import { checkClassicJoin, checkClassicLeave, checkClassicSelf, checkClassicSync } from "./classic-checks.ts";
import type {
  ClassicGroupService,
  ClassicJoin,
  ClassicMemberName,
  ClassicSynced,
  JoinClassicGroup,
  LeaveClassicGroup,
  SyncClassicGroup,
} from "./classic-groups.ts";
import { classicRefused } from "./classic-refusals.ts";
import { ClassicWatch } from "./classic-watch.ts";
import { classicOf, type GroupAsRead } from "./group-items.ts";
import { checkGroupName } from "./group-name.ts";
import type { GroupParts } from "./group-parts.ts";
import type { Namespaces } from "./namespace-service.ts";

export interface ClassicNeeds {
  readonly namespaces: Namespaces;
  readonly parts: GroupParts;
}

export function classicGroupService(storage: Storage, needs: ClassicNeeds): ClassicGroupService {
  return new ClassicGroups(storage, needs);
}

class ClassicGroups implements ClassicGroupService {
  readonly #storage: Storage;
  readonly #namespaces: Namespaces;
  readonly #watch: ClassicWatch;

  constructor(storage: Storage, { namespaces, parts }: ClassicNeeds) {
    this.#storage = storage;
    this.#namespaces = namespaces;
    this.#watch = new ClassicWatch(storage, parts.items, parts.settler);
  }

  async join(request: JoinClassicGroup): Promise<ClassicJoin> {
    checkGroupName(request);
    checkClassicJoin(request);
    return await withChangeErrors(async () => {
      const { item } = await this.#watch.within(request, Infinity);
      // A group has a namespace.
      if (item === undefined) await this.#namespaces.require(request.namespace);
      return await this.#join(request);
    });
  }

  async sync(request: SyncClassicGroup): Promise<ClassicSynced> {
    checkGroupName(request);
    checkClassicSync(request);
    return await withChangeErrors(() => this.#sync(request));
  }

  async heartbeat(request: ClassicMemberName): Promise<void> {
    checkGroupName(request);
    checkClassicSelf(request);
    await withChangeErrors(() => this.#heartbeat(request));
  }

  async leave(request: LeaveClassicGroup): ReturnType<ClassicGroupService["leave"]> {
    checkGroupName(request);
    checkClassicLeave(request);
    return await withChangeErrors(async () => {
      const refusals: (ClassicRefusal | undefined)[] = [];
      // As many as one update takes away.
      for (let start = 0; start < request.members.length; start += groupRemovalsMax) {
        const leaves = request.members.slice(start, start + groupRemovalsMax).map(({ memberId = "", instanceId }) => ({
          memberId,
          instanceId,
        }));
        const { decision } = await this.#watch.change(request, (state, moment) => {
          const left = leaveClassic(state, leaves, moment);
          return { ...left, state: finishJoining(left.state, moment) };
        });
        refusals.push(...decision.refusals);
      }
      return refusals.map((code) => (code === undefined ? undefined : { error: classicRefused(code) }));
    });
  }

  async #join(request: JoinClassicGroup): Promise<ClassicJoin> {
    const { instanceId, signal } = request;
    const wish = this.#wishOf(request);
    const { decision, group } = await this.#watch.change(request, (state, { nowMs, ...moment }) => {
      const joins = joinClassic(state, wish, { ...moment, nowMs });
      if (joins.kind === "refused") return { joins };
      const { memberId, state: joined } = joins;
      const isReplaced = joins.kind === "answered" && joins.replaced;
      const isSeated = joins.kind === "waits" || isReplaced;
      const lease: Attributes = {
        ...(isSeated ? { [leaseName(memberId)]: nowMs + leaseMs(wish.sessionTimeoutMs) } : {}),
        ...(isReplaced ? { [syncName(memberId)]: joined.generation } : {}),
      };
      return { joins, state: finishJoining(joined, { ...moment, nowMs }), lease, bytesMax: groupItemBytesMax };
    });
    const { joins } = decision;
    if (joins.kind === "refused") throw classicRefused(joins.code);
    const { memberId, state } = joins;
    switch (joins.kind) {
      case "named":
        return { kind: "named", memberId };
      case "answered":
        return joinedBy(classicOf(group), memberId, joins.leader, joins.skipAssignment);
      case "waits":
        return await this.#watch.until(
          request,
          (now) => {
            const problem = findProblem(now, memberId, instanceId);
            if (problem !== undefined) throw classicRefused(problem);
            return now.generation > state.generation ? joinedBy(now, memberId, now.leader, false) : undefined;
          },
          signal,
        );
    }
  }

  async #sync(request: SyncClassicGroup): Promise<ClassicSynced> {
    const { memberId, generation, signal } = request;
    const began = instantOf(this.#storage.clock);
    const assignments = new Map(request.assignments.map((one) => [one.memberId, one.assignment]));
    const known = classicOf(await this.#watch.within(request, classicLookMs)).members.get(memberId);
    const own = (nowMs: number): Attributes => ({
      [syncName(memberId)]: generation,
      ...(known === undefined ? {} : { [leaseName(memberId)]: nowMs + leaseMs(known.sessionTimeoutMs) }),
    });
    // Who assigns says so with it.
    if (assignments.size === 0) {
      await this.#watch.update(request, own(this.#storage.clock.wallMs()), isClassicMember(memberId, generation));
    }
    const { decision, group } = await this.#watch.change(
      request,
      (state, moment) => {
        const syncs = syncClassic(state, { ...request, assignments }, moment);
        if (syncs.kind !== "assigned" || syncs.state === state) return { syncs, state };
        return { syncs, state: syncs.state, lease: own(moment.nowMs) };
      },
      began,
    );
    const { syncs } = decision;
    if (syncs.kind === "refused") throw classicRefused(syncs.code);
    const assignment = syncs.kind === "assigned" ? syncs.assignment : await this.#awaitAssignment(request, signal);
    const { protocolType, protocolName } = classicOf(group);
    return { protocolType, protocolName, assignment };
  }

  async #awaitAssignment(self: ClassicMemberName, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { memberId, instanceId, generation } = self;
    return await this.#watch.until(
      self,
      (now) => {
        const problem = findProblem(now, memberId, instanceId);
        if (problem !== undefined) throw classicRefused(problem);
        if (now.generation !== generation || now.phase === "PreparingRebalance") {
          throw classicRefused("REBALANCE_IN_PROGRESS");
        }
        return now.phase === "Stable" ? now.members.get(memberId)?.assignment : undefined;
      },
      signal,
    );
  }

  async #heartbeat(self: ClassicMemberName): Promise<void> {
    let group = await this.#watch.within(self, classicLookMs);
    if (isGone(group, self)) group = await this.#watch.now(self);
    const { memberId, generation } = self;
    const member = classicOf(group).members.get(memberId);
    const nowMs = this.#storage.clock.wallMs();
    const untilMs = group.attributes[leaseName(memberId)];
    const isDue = member !== undefined && typeof untilMs === "number" && untilMs < nowMs + member.sessionTimeoutMs;
    if (isDue && !isGone(group, self)) {
      const lease = { [leaseName(memberId)]: nowMs + leaseMs(member.sessionTimeoutMs) };
      await this.#watch.update(self, lease, isClassicMember(memberId, generation));
      group = await this.#watch.within(self, classicLookMs);
    }
    // Whoever is heard looks after the others.
    ({ group } = await this.#watch.advance(self, group));
    const refusal = heartbeatClassic(classicOf(group), self);
    if (refusal !== undefined) throw classicRefused(refusal);
  }

  #wishOf(request: JoinClassicGroup): ClassicWish {
    const { memberId = "", instanceId, clientId, clientHost, sessionTimeoutMs, protocolType, protocols } = request;
    const bounded = Math.min(groupRebalanceTimeoutMsMax, Math.floor(request.rebalanceTimeoutMs));
    return {
      memberId,
      newMemberId: this.#newMemberId(instanceId ?? clientId),
      clientId,
      clientHost,
      sessionTimeoutMs,
      rebalanceTimeoutMs: Math.max(groupRebalanceTimeoutMsMin, bounded),
      protocolType,
      // Not what a frame's buffer would keep in memory.
      protocols: protocols.map(({ name, metadata }) => ({ name, metadata: metadata.slice() })),
      requiresMemberId: request.requiresMemberId,
      skipsAssignment: request.skipsAssignment,
      ...(instanceId === undefined ? {} : { instanceId }),
    };
  }

  /** It begins with who it is, as in Kafka. */
  #newMemberId(owner: string): string {
    const id = this.#storage.random.id();
    return `${owner
      .slice(0, memberIdCharsMax - id.length - 1)
      .toWellFormed()
      .replaceAll(/\p{Cc}/gu, "_")}-${id}`;
  }
}

/** A third longer than the session, as it is written at most every third of it. */
function leaseMs(sessionTimeoutMs: number): number {
  return sessionTimeoutMs + Math.ceil(sessionTimeoutMs / leaseWritesPerSession);
}

/** True if the member has to join anew, by what is known. */
function isGone(group: GroupAsRead, self: ClassicMemberName): boolean {
  const refusal = heartbeatClassic(classicOf(group), self);
  return refusal !== undefined && refusal !== "REBALANCE_IN_PROGRESS";
}

function joinedBy(state: ClassicState, memberId: string, leader: string, skipAssignment: boolean): ClassicJoin {
  const { generation, protocolType, protocolName, members } = state;
  const all = memberId !== leader ? [] : [...members.values()];
  return {
    kind: "joined",
    memberId,
    generation,
    protocolType,
    protocolName,
    leader,
    skipAssignment,
    members: all.map((member) => ({
      memberId: member.memberId,
      metadata: metadataOf(member, protocolName),
      ...(member.instanceId === undefined ? {} : { instanceId: member.instanceId }),
    })),
  };
}
