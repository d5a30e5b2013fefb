/** The items of consumer groups: read, changed under their revision, and remembered decoded while they stand still. */
import { ServiceError } from "../api/errors.ts";
import type { Moment } from "../groups/decide-group.ts";
import { decodeGroup } from "../groups/encode-group.ts";
import { type ClassicMoment, type ClassicState, emptyClassic } from "../groups/classic-state.ts";
import {
  bytesOf,
  consumerKind,
  isClassic,
  isForgotten,
  leasesOf,
  numberOf,
  type StateChange,
  stateChange,
} from "../groups/group-item.ts";
import { emptyGroup, type GroupState } from "../groups/group-state.ts";
import { sessionSkewMs } from "../limits.ts";
import {
  groupItemBytesEnd,
  groupSessionTimeoutMsMax,
  groupsKnownMax,
  groupTriesMax,
  offsetsRetentionMs,
} from "../limits/groups.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { groupKey } from "../storage/item-keys.ts";
import type {
  AttributeValue,
  Attributes,
  Condition,
  Item,
  ItemChange,
  ItemWriteResult,
} from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { ClassicCode } from "./classic-code.ts";
import type { GroupName } from "./groups.ts";
import type { LoadClassic } from "./later-classic.ts";
import { untilAnswered } from "./until-answered.ts";

/** A group as one of its items says. */
export interface GroupAsRead {
  /** Of a classic group: one without members. */
  readonly state: GroupState;
  /** What it is instead, while it is a classic group; also when that is empty. */
  readonly classic?: ClassicState;
  /** 0: nobody has joined yet. */
  readonly revision: number;
  /** None: there is no such group. */
  readonly item: Item | undefined;
  readonly attributes: Attributes;
}

type Decoded = Pick<GroupAsRead, "state" | "classic">;

interface Known extends Decoded {
  readonly attempt: string;
}

export interface ChangeOptions {
  readonly lease?: Attributes;
  /** What the item may come to, unless it becomes smaller. */
  readonly bytesMax?: number;
  /** What must hold beside that nothing has come between. */
  readonly alsoIf?: readonly Condition[];
}

const noGroup: GroupAsRead = { state: emptyGroup, revision: 0, item: undefined, attributes: {} };

export class GroupItems {
  readonly #storage: Storage;
  /** Least recently used first. */
  readonly #states = new Map<string, Known>();
  readonly #bytes = new Map<string, number>();
  readonly #load: LoadClassic;
  #classicCode: ClassicCode | undefined;

  constructor(storage: Storage, loadClassic: LoadClassic) {
    this.#storage = storage;
    this.#load = loadClassic;
  }

  /** One request. A group that is forgotten is as one that is not there. */
  async get(name: GroupName): Promise<GroupAsRead> {
    const item = await this.#storage.items.get(keyOf(name));
    this.#noteBytes(name, item);
    await this.prepare(item);
    return this.read(name, item);
  }

  /** Makes sure that `read` knows what the items are; those that this class has read or written it knows. */
  async prepare(...items: readonly (Item | undefined)[]): Promise<void> {
    if (items.some((item) => item !== undefined && isClassic(item.attributes))) await this.#loadClassic();
  }

  /** Of a group that was seen to be classic. */
  classicCode(): ClassicCode {
    if (this.#classicCode === undefined) throw new Error("no classic group was read here");
    return this.#classicCode;
  }

  async #loadClassic(): Promise<ClassicCode> {
    this.#classicCode ??= await this.#load();
    return this.#classicCode;
  }

  /**
   * What an item says.
   *
   * @throws ServiceError INCONSISTENT_GROUP_PROTOCOL
   * @throws StorageCorruptError
   */
  read(name: GroupName, item: Item | undefined): GroupAsRead {
    if (item === undefined) return noGroup;
    const { attributes } = item;
    if (attributes["kind"] !== consumerKind) {
      throw new ServiceError("INCONSISTENT_GROUP_PROTOCOL", `${name.group} is not a consumer group`);
    }
    if (isForgotten(attributes, this.#storage.clock.wallMs())) return { ...noGroup, item };
    const revision = numberOf(attributes["revision"]);
    return { ...(revision === 0 ? { state: emptyGroup } : this.#decode(name, attributes)), revision, item, attributes };
  }

  /** What this process saw of the group last, if it has: its state may be late. */
  remembered(name: GroupName): GroupState | undefined {
    return this.#states.get(idOf(name))?.state;
  }

  /** True if this process saw the group as a classic one last. */
  isKnownClassic(name: GroupName): boolean {
    return this.#states.get(idOf(name))?.classic !== undefined;
  }

  /** Size of the item when it was seen last. */
  knownBytes(name: GroupName): number | undefined {
    return this.#bytes.get(idOf(name));
  }

  moment(attributes: Attributes): Moment {
    return { nowMs: this.#storage.clock.wallMs(), skewMs: sessionSkewMs, leases: leasesOf(attributes) };
  }

  classicMoment(attributes: Attributes): ClassicMoment {
    return this.classicCode().momentOf(attributes, this.#storage.clock.wallMs(), sessionSkewMs);
  }

  /**
   * Writes the next state, if nothing has come between; extends the lease of the member that asked for it.
   *
   * @returns what the item says then, and whether that is what was to be written
   * @throws ServiceError GROUP_MAX_SIZE_REACHED if the item would become too large
   */
  async change(
    name: GroupName,
    before: GroupAsRead,
    after: GroupState,
    moment: Moment,
    options: ChangeOptions = {},
  ): Promise<{ readonly applied: boolean; readonly group: GroupAsRead }> {
    const attempt = this.#storage.random.id();
    const change = stateChange(before, after, attempt, moment);
    return await this.#apply(name, before, { attempt, state: after }, change, options);
  }

  /** As `change`, for a classic group, or for a group without members that becomes one. */
  async changeClassic(
    name: GroupName,
    before: GroupAsRead,
    after: ClassicState,
    moment: ClassicMoment,
    options: ChangeOptions = {},
  ): Promise<{ readonly applied: boolean; readonly group: GroupAsRead }> {
    const attempt = this.#storage.random.id();
    const state = classicOf(before);
    const change = (await this.#loadClassic()).change({ ...before, state }, after, attempt, moment);
    return await this.#apply(name, before, { attempt, ...asDecoded(after) }, change, options);
  }

  async #apply(
    name: GroupName,
    before: GroupAsRead,
    after: Known,
    { set, remove, conditions }: StateChange,
    { lease = {}, bytesMax = groupItemBytesEnd, alsoIf = [] }: ChangeOptions,
  ): Promise<{ readonly applied: boolean; readonly group: GroupAsRead }> {
    const { attempt } = after;
    await this.dropForgotten(name, before);
    const all = { ...set, ...lease };
    const bytes = bytesOf(without({ ...before.attributes, ...all }, remove));
    if (bytes > bytesMax && bytes > bytesOf(before.attributes)) {
      throw new ServiceError("GROUP_MAX_SIZE_REACHED", `The group ${name.group} would become too large`);
    }
    const written = await this.update(name, { set: all, remove }, [...conditions, ...alsoIf]);
    if (written.applied) {
      this.#remember(name, after);
      return { applied: true, group: this.read(name, written.item) };
    }
    const group = this.read(name, written.existing);
    // Ours, if an answer was lost on the way.
    return { applied: group.attributes["attempt"] === attempt, group };
  }

  /**
   * An update that may be sent again: what it does to what it has done already is nothing, or is refused by its conditions.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError
   */
  async update(
    name: GroupName,
    { set, remove = [] }: Pick<ItemChange, "set" | "remove">,
    conditions: readonly Condition[],
  ): Promise<ItemWriteResult> {
    return await untilAnswered(groupTriesMax, () => this.updateOnce(name, { set, remove }, conditions));
  }

  /** One request; puts off when the store may drop the item. */
  async updateOnce(
    name: GroupName,
    { set, remove = [] }: Pick<ItemChange, "set" | "remove">,
    conditions: readonly Condition[],
  ): Promise<ItemWriteResult> {
    const touchedAtMs = this.#storage.clock.wallMs();
    // Sessions of members that are not heard of any more are over before the time of the offsets begins.
    const expiresAtMs = touchedAtMs + groupSessionTimeoutMsMax + offsetsRetentionMs;
    const change = { set: { ...set, touchedAtMs }, remove, expiresAtMs };
    const written = await this.#storage.items.update(keyOf(name), change, conditions);
    await this.prepare(written.applied ? written.item : written.existing);
    this.#noteBytes(name, written.applied ? written.item : written.existing);
    return written;
  }

  /** Takes away the item of a group that is forgotten, so that another can begin in its place. */
  async dropForgotten(name: GroupName, { item }: GroupAsRead): Promise<void> {
    if (item === undefined || !isForgotten(item.attributes, this.#storage.clock.wallMs())) return;
    await this.drop(name, item);
  }

  /** True if the item was as it was seen, and is gone. */
  async drop(name: GroupName, { version, attributes }: Item): Promise<boolean> {
    // A group that began in its place counts from 1 again.
    const touchedAtMs = numberOf(attributes["touchedAtMs"]);
    const { applied, existing } = await this.#storage.items.delete(keyOf(name), [
      { kind: "version", version },
      { kind: "attribute", name: "touchedAtMs", op: "=", value: touchedAtMs, orAbsent: touchedAtMs === 0 },
    ]);
    this.#bytes.delete(idOf(name));
    return applied || existing === undefined;
  }

  #decode(name: GroupName, attributes: Attributes): Decoded {
    const { attempt, state: stored } = attributes;
    if (typeof attempt !== "string") throw new StorageCorruptError(`the item of group ${name.group} has no state`);
    const known = this.#states.get(idOf(name));
    const decoded = known?.attempt === attempt ? known : this.#decoded(name, stored, isClassic(attributes));
    this.#remember(name, { ...decoded, attempt });
    return decoded;
  }

  /** @throws StorageCorruptError | MalformedBytesError */
  #decoded({ group }: GroupName, stored: AttributeValue | undefined, classic: boolean): Decoded {
    if (classic && stored instanceof Uint8Array) return asDecoded(this.classicCode().decode(stored));
    if (!classic && typeof stored === "string") return { state: decodeGroup(stored) };
    throw new StorageCorruptError(`the item of group ${group} has no state`);
  }

  #remember(name: GroupName, known: Known): void {
    const id = idOf(name);
    this.#states.delete(id);
    this.#states.set(id, known);
    dropOldest(this.#states);
  }

  #noteBytes(name: GroupName, item: Item | undefined): void {
    const id = idOf(name);
    this.#bytes.delete(id);
    this.#bytes.set(id, item === undefined ? 0 : bytesOf(item.attributes));
    dropOldest(this.#bytes);
  }
}

/** Its epoch is the generation, so that neither falls where the group becomes one of the other type. */
function asDecoded(classic: ClassicState): Decoded {
  return { state: { ...emptyGroup, epoch: classic.generation }, classic };
}

/** What a group is to those who come by the classic protocol: one of another type must have no members. */
export function classicOf({ classic, state }: Pick<GroupAsRead, "classic" | "state">): ClassicState {
  return classic ?? { ...emptyClassic, generation: state.epoch };
}

function without(attributes: Attributes, names: readonly string[]): Attributes {
  const removed = new Set(names);
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !removed.has(name)));
}

function dropOldest(map: Map<string, unknown>): void {
  for (const [oldest] of map) {
    if (map.size <= groupsKnownMax) return;
    map.delete(oldest);
  }
}

function keyOf({ namespace, group }: GroupName): ReturnType<typeof groupKey> {
  return groupKey(namespace, group);
}

/** A namespace has no slash. */
export function idOf({ namespace, group }: GroupName): string {
  return `${namespace}/${group}`;
}
