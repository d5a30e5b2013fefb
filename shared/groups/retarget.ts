/** What each member is to hold: recomputed whenever members, subscriptions or topics change. */
import { assignRanges } from "./assign-range.ts";
import { assignUniformly, type Assignment, type Subscriber } from "./assign-uniform.ts";
import {
  type AssignorName,
  byTopic,
  type GroupState,
  type GroupTopic,
  type Member,
  type PartitionSet,
  subscribedNames,
} from "./group-state.ts";

/** The topics that are there, of those that a group asks for. */
export interface TopicView {
  readonly topics: readonly { readonly topicId: string; readonly name: string; readonly partitions: number }[];
  /** For each pattern of a member, the names that it matches. */
  readonly matches: ReadonlyMap<string, readonly string[]>;
}

/** The next state of the group with targets for all members, and nothing else changed. */
export function retarget(state: GroupState): GroupState {
  const members = [...state.members.values()];
  const assignor = favouriteOf(members, state.assignor);
  const assignment = assignmentOf(state, members, assignor);
  return {
    ...state,
    epoch: state.epoch + 1,
    assignor,
    members: new Map(
      members.map((member) => [member.memberId, withTarget(member, assignment.get(member.memberId) ?? new Set())]),
    ),
  };
}

function assignmentOf(state: GroupState, members: readonly Member[], assignor: AssignorName): Assignment {
  const live = state.topics.filter((topic) => topic.live);
  const idOf = new Map(live.map(({ name, topicId }) => [name, topicId]));
  const subscribers = members.map((member): Subscriber => {
    const ids = [...subscribedNames(member, state)].flatMap((name) => idOf.get(name) ?? []);
    const { memberId, instanceId, target } = member;
    return { memberId, topicIds: new Set(ids), had: target, ...(instanceId === undefined ? {} : { instanceId }) };
  });
  switch (assignor) {
    case "uniform":
      return assignUniformly(subscribers, live);
    case "range":
      return assignRanges(subscribers, live);
  }
}

/** One that went owns nothing, so what it is not to come back to need not be asked for. */
function withTarget(member: Member, target: PartitionSet): Member {
  if (!member.left) return { ...member, target };
  return { ...member, target, assigned: new Set([...member.assigned].filter((key) => target.has(key))) };
}

/** What most of them ask for; what it is, where they are even or do not care. */
function favouriteOf(members: readonly Member[], present: AssignorName): AssignorName {
  const votes = (name: AssignorName): number => members.filter(({ assignor }) => assignor === name).length;
  const [uniform, range] = [votes("uniform"), votes("range")];
  if (uniform === range) return members.length === 0 ? "uniform" : present;
  return uniform > range ? "uniform" : "range";
}

/** True if the view says nothing that the group does not know. */
export function isAsKnown(state: GroupState, view: TopicView): boolean {
  const live = state.topics.filter((topic) => topic.live);
  const same = sameTopics(
    live,
    merged(state, view).filter((topic) => topic.live),
  );
  return same && sameMatches(state.matches, view.matches);
}

function sameTopics(some: readonly GroupTopic[], others: readonly GroupTopic[]): boolean {
  const text = ({ topicId, name, partitions }: GroupTopic): string => `${name} ${topicId} ${partitions}`;
  const known = new Set(some.map(text));
  return some.length === others.length && others.every((topic) => known.has(text(topic)));
}

function sameMatches(
  some: ReadonlyMap<string, readonly string[]>,
  others: ReadonlyMap<string, readonly string[]>,
): boolean {
  if (some.size !== others.size) return false;
  return [...some].every(([pattern, names]) => {
    const other = others.get(pattern);
    return other !== undefined && other.length === names.length && other.every((name) => names.includes(name));
  });
}

/** The state with the topics of the view; targets are as they were. */
export function withTopics(state: GroupState, view: TopicView): GroupState {
  const matches = new Map([...view.matches].map(([pattern, names]) => [pattern, names.toSorted()]));
  return { ...state, topics: merged(state, view), matches };
}

/** Topics of the view, and those that are gone but not given up. A topic's partitions never become fewer. */
function merged(state: GroupState, view: TopicView): GroupTopic[] {
  const known = new Map(state.topics.map((topic) => [topic.topicId, topic]));
  const live = view.topics.map(({ topicId, name, partitions }): GroupTopic => ({
    topicId,
    name,
    partitions: Math.max(partitions, known.get(topicId)?.partitions ?? 0),
    live: true,
  }));
  const liveIds = new Set(live.map(({ topicId }) => topicId));
  const held = new Set([...state.members.values()].flatMap((member) => [...heldTopics(member)]));
  const gone = state.topics.filter(({ topicId }) => !liveIds.has(topicId) && held.has(topicId));
  return [...live, ...gone.map((topic): GroupTopic => ({ ...topic, live: false }))].toSorted((one, other) =>
    one.name === other.name ? (one.topicId < other.topicId ? -1 : 1) : one.name < other.name ? -1 : 1,
  );
}

function heldTopics({ assigned, revoking }: Member): Iterable<string> {
  return byTopic([...assigned, ...revoking]).keys();
}

/** The state without topics that are gone and of which nobody holds anything any more. */
export function withoutGoneTopics(state: GroupState): GroupState {
  if (state.topics.every(({ live }) => live)) return state;
  const held = new Set([...state.members.values()].flatMap((member) => [...heldTopics(member)]));
  const topics = state.topics.filter(({ topicId, live }) => live || held.has(topicId));
  return topics.length === state.topics.length ? state : { ...state, topics };
}
