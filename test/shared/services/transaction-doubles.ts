/** Partitions and groups as transactions need them, each kept in one item: they survive processes, and every step is a request. */
import { ServiceError } from "../../../shared/api/errors.ts";
import { withChangeErrors } from "../../../shared/services/change-errors.ts";
import type { OffsetToCommit, TransactionalOffsets } from "../../../shared/services/groups.ts";
import { StorageTimeoutError } from "../../../shared/storage/errors.ts";
import type { Item, ItemKey } from "../../../shared/storage/item-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import type { MarkerWriter, TransactionMarker } from "../../../shared/services/transactions.ts";

interface Entry {
  readonly producerId: string;
  readonly epoch: number;
  readonly values?: readonly string[];
  readonly commit?: boolean;
}

interface Log {
  readonly entries: readonly Entry[];
  /** The epoch of each producer. */
  readonly epochs: Readonly<Record<string, number>>;
}

interface Group {
  readonly committed: Readonly<Record<string, number>>;
  readonly staged: Readonly<
    Record<string, { readonly epoch: number; readonly offsets: Readonly<Record<string, number>> }>
  >;
  readonly decided: Readonly<Record<string, number>>;
}

const emptyLog: Log = { entries: [], epochs: {} };
const emptyGroup: Group = { committed: {}, staged: {}, decided: {} };

const logKey = (topicId: string, partition: number): ItemKey => ({
  partition: `log:${topicId}`,
  sort: String(partition),
});
const groupKey = (group: string): ItemKey => ({ partition: "group", sort: group });

function stateOf<State>(item: Item | undefined, empty: State): State {
  return item === undefined ? empty : (JSON.parse(String(item.attributes["state"])) as State);
}

/** Changes one item; a change that was made unseen is made again, and must not mind. */
function change<State>(
  storage: Storage,
  key: ItemKey,
  empty: State,
  plan: (state: State) => State | undefined,
): Promise<void> {
  return withChangeErrors(() => changeItem(storage, key, empty, plan));
}

async function changeItem<State>(
  { items }: Storage,
  key: ItemKey,
  empty: State,
  plan: (state: State) => State | undefined,
): Promise<void> {
  let unclear: StorageTimeoutError | undefined;
  for (let tries = 0; tries < 50; tries += 1) {
    try {
      const item = await items.get(key);
      const next = plan(stateOf(item, empty));
      if (next === undefined) return;
      const set = { state: JSON.stringify(next) };
      const seen =
        item === undefined ? ({ kind: "absent" } as const) : ({ kind: "version", version: item.version } as const);
      if ((await items.update(key, { set }, [seen])).applied) return;
    } catch (cause) {
      if (cause instanceof StorageTimeoutError) unclear = cause;
      if (unclear === undefined) throw cause;
    }
  }
  throw new ServiceError("THROTTLING_QUOTA_EXCEEDED", "too many try");
}

export interface Batch {
  readonly topicId: string;
  readonly partition: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly values: readonly string[];
}

export async function appendBatch(storage: Storage, batch: Batch): Promise<number> {
  const { topicId, partition, producerEpoch: epoch, values } = batch;
  const producerId = String(batch.producerId);
  let baseOffset = -1;
  await change(storage, logKey(topicId, partition), emptyLog, ({ entries, epochs }) => {
    if ((epochs[producerId] ?? 0) > epoch) throw new ServiceError("INVALID_PRODUCER_EPOCH", "old epoch");
    const first = entries.findIndex((e) => e.producerId === producerId && e.epoch === epoch && e.values !== undefined);
    baseOffset = entries
      .slice(0, first < 0 ? entries.length : first)
      .reduce((sum, { values: v }) => sum + (v?.length ?? 1), 0);
    if (first >= 0) return undefined;
    return { entries: [...entries, { producerId, epoch, values }], epochs: { ...epochs, [producerId]: epoch } };
  });
  return baseOffset;
}

export function markerWriter(storage: Storage): MarkerWriter {
  return {
    write: (marker: TransactionMarker) => {
      const { topicId, partition, producerEpoch: epoch, commit } = marker;
      const producerId = String(marker.producerId);
      return change(storage, logKey(topicId, partition), emptyLog, ({ entries, epochs }) => {
        if ((epochs[producerId] ?? -1) >= epoch) return undefined;
        return { entries: [...entries, { producerId, epoch, commit }], epochs: { ...epochs, [producerId]: epoch } };
      });
    },
  };
}

export function transactionalOffsets(storage: Storage): TransactionalOffsets {
  return {
    stage: ({ group, producerId, producerEpoch: epoch, offsets }) =>
      change(storage, groupKey(group), emptyGroup, (state) => {
        const id = String(producerId);
        if ((state.decided[id] ?? -1) >= epoch) throw new ServiceError("PRODUCER_FENCED", "decided before");
        const before = state.staged[id]?.epoch === epoch ? state.staged[id].offsets : {};
        return { ...state, staged: { ...state.staged, [id]: { epoch, offsets: { ...before, ...byName(offsets) } } } };
      }),
    decide: ({ group, producerId, producerEpoch: epoch }, commit) =>
      change(storage, groupKey(group), emptyGroup, ({ committed, staged, decided }) => {
        const id = String(producerId);
        if ((decided[id] ?? -1) >= epoch) return undefined;
        const { [id]: mine, ...others } = staged;
        const isMine = mine?.epoch === epoch;
        return {
          committed: isMine && commit ? { ...committed, ...mine.offsets } : committed,
          staged: isMine ? others : staged,
          decided: { ...decided, [id]: epoch },
        };
      }),
  };
}

function byName(offsets: readonly OffsetToCommit[]): Readonly<Record<string, number>> {
  return Object.fromEntries(offsets.map(({ topic, partition, offset }) => [`${topic}:${partition}`, offset]));
}

export interface PartitionView {
  /** Of committed transactions, in their order. */
  readonly committed: readonly string[];
  /** Producers whose transactions are open. */
  readonly open: number;
}

/** What a reader under read_committed sees. */
export function viewPartition(item: Item | undefined): PartitionView {
  const { entries } = stateOf(item, emptyLog);
  const committed: string[] = [];
  let open = 0;
  for (const [index, { producerId, values }] of entries.entries()) {
    if (values === undefined) continue;
    const end = entries.slice(index).find((entry) => entry.producerId === producerId && entry.commit !== undefined);
    if (end === undefined) open += 1;
    else if (end.commit === true && open === 0) committed.push(...values);
  }
  return { committed, open };
}

export interface GroupView {
  readonly committed: Readonly<Record<string, number>>;
  readonly staged: number;
}

export function viewGroup(item: Item | undefined): GroupView {
  const { committed, staged } = stateOf(item, emptyGroup);
  return { committed, staged: Object.keys(staged).length };
}

export { groupKey, logKey };
