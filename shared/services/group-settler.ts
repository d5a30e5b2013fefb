/** Changes of a group's item that no member asks for by name, or that need no look at topics. */
import { ServiceError } from "../api/errors.ts";
import { expire, type Moment } from "../groups/decide-group.ts";
import type { GroupState } from "../groups/group-state.ts";
import { groupChangeAttemptsMax } from "../limits/groups.ts";
import { backoffMs } from "../log/put-entry.ts";
import type { Storage } from "../storage/storage.ts";
import type { GroupAsRead, GroupItems } from "./group-items.ts";
import type { GroupName } from "./groups.ts";

export class GroupSettler {
  readonly #storage: Storage;
  readonly #items: GroupItems;

  constructor(storage: Storage, items: GroupItems) {
    this.#storage = storage;
    this.#items = items;
  }

  /** Removes members whose session is over, and answers the group without them; of either type. */
  async settle(name: GroupName): Promise<GroupAsRead> {
    const group = await this.change(name, (state, moment) => expire(state, moment));
    return group.classic === undefined ? group : await this.settleClassic(name, group);
  }

  /**
   * A group that somebody may join by KIP-848.
   *
   * @throws ServiceError INCONSISTENT_GROUP_PROTOCOL it is a classic one, and has members
   */
  async asConsumerGroup(name: GroupName, seen: GroupAsRead): Promise<GroupAsRead> {
    if (seen.classic === undefined) return seen;
    const group = await this.settleClassic(name, seen);
    if (membersOf(group) === 0) return group;
    throw new ServiceError("INCONSISTENT_GROUP_PROTOCOL", `${name.group} has members of the classic protocol`);
  }

  /** Moves a classic group on by the clock. */
  async settleClassic(name: GroupName, seen: GroupAsRead): Promise<GroupAsRead> {
    let group = seen;
    for (let attempt = 0; attempt < groupChangeAttemptsMax; attempt += 1) {
      if (group.classic === undefined) return group;
      const moment = this.#items.classicMoment(group.attributes);
      const after = this.#items.classicCode().advance(group.classic, moment);
      if (after === group.classic) return group;
      const change = await this.#items.changeClassic(name, group, after, moment);
      ({ group } = change);
      if (!change.applied) await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    }
    throw tooContended(name);
  }

  /** Changes the group until nothing is left to change, or nothing has come between. */
  async change(name: GroupName, decide: (state: GroupState, moment: Moment) => GroupState): Promise<GroupAsRead> {
    let group = await this.#items.get(name);
    for (let attempt = 0; attempt < groupChangeAttemptsMax; attempt += 1) {
      const moment = this.#items.moment(group.attributes);
      const state = decide(group.state, moment);
      if (state === group.state) return group;
      const change = await this.#items.change(name, group, state, moment);
      ({ group } = change);
      // Not all that there is to change may fit one update.
      if (!change.applied) await this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    }
    throw tooContended(name);
  }
}

/** As whoever changes the group next will find it. */
export function settledInMemory(state: GroupState, moment: Moment): GroupState {
  let settled = state;
  for (let next = expire(settled, moment); next !== settled; next = expire(settled, moment)) settled = next;
  return settled;
}

/** How many members it has, of whatever type it is. */
export function membersOf({ state, classic }: Pick<GroupAsRead, "state" | "classic">): number {
  return classic?.members.size ?? state.members.size;
}

/** As `membersOf`, without those whose session is over. */
export function livingMembersOf(items: GroupItems, { state, classic, attributes }: GroupAsRead): number {
  if (classic === undefined) return settledInMemory(state, items.moment(attributes)).members.size;
  return items.classicCode().advancedInMemory(classic, items.classicMoment(attributes)).members.size;
}

export function tooContended({ group }: GroupName): ServiceError {
  return new ServiceError("THROTTLING_QUOTA_EXCEEDED", `Too many callers change the group ${group}`);
}
