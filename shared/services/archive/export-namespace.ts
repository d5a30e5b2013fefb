/**
 * Writes a namespace as an archive, while it is used: the tree as it was at the beginning, then the groups, then each partition
 * up to where its log ended when its turn came. With nobody writing it is all that there was, at one moment.
 */
import { ServiceError } from "../../api/errors.ts";
import { consumerKind, isForgotten, isGroup, offsetsOf } from "../../groups/group-item.ts";
import { archiveBatchBytesTarget } from "../../limits/archive.ts";
import { pageItemsMax } from "../../limits.ts";
import { joinBytes } from "../../record/join-bytes.ts";
import { groupsPartition, sharePartition, transactionsPartition } from "../../storage/item-keys.ts";
import type { Item } from "../../storage/item-store.ts";
import type { Storage } from "../../storage/storage.ts";
import { findTopic, type TopicRecord, topicsPath } from "../../topics/topic-znodes.ts";
import { isDecided } from "../../transactions/transaction-record.ts";
import { encodeSnapshot } from "../../tree/snapshot-codec.ts";
import type { ZnodeTree } from "../../tree/znode-tree.ts";
import { Namespaces } from "../namespace-service.ts";
import type { DutyService } from "../services.ts";
import { isShareGroup, shareGroupOf } from "../share-group-items.ts";
import { transactionOf } from "../transaction-items.ts";
import { TreeRegistry } from "../tree-registry.ts";
import { type ArchivePart, archiveStart, type ArchiveTotals, encodePart } from "./archive-format.ts";
import { PartitionExport } from "./export-partition.ts";

export interface NamespaceExport {
  readonly namespace: string;
  /** Whoever ends what was decided of transactions before their records are read. */
  readonly duties: Pick<DutyService, "recover">;
  /** Told of batches as they are written. */
  readonly onBatches?: (records: number, bytes: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * The bytes of the archive.
 *
 * @throws ServiceError UNKNOWN_NAMESPACE
 * @throws StorageCorruptError | StorageTimeoutError | StorageThrottledError | StorageUnavailableError
 * @throws the signal's reason
 */
export async function* exportNamespace(
  storage: Storage,
  options: NamespaceExport,
): AsyncGenerator<Uint8Array, ArchiveTotals> {
  const { namespace, signal } = options;
  const trees = new TreeRegistry(storage);
  await new Namespaces(storage, trees).requireNow(namespace);
  const tree = await trees.tree(namespace).read();
  if (tree.closed) throw new ServiceError("UNKNOWN_NAMESPACE", `There is no namespace ${namespace}`);
  await finishDecided(storage, options);
  const exporter = new Exporter(storage, options, topicsOf(tree));
  yield archiveStart();
  yield encodePart({ kind: "head", head: { namespace, exportedAtMs: storage.clock.wallMs() } });
  yield* treeParts(tree);
  for await (const part of exporter.parts()) {
    signal?.throwIfAborted();
    yield encodePart(part);
  }
  yield encodePart({ kind: "end", totals: exporter.totals });
  return exporter.totals;
}

/** What was promised to whoever committed must be in the logs, and in the groups. */
async function finishDecided(storage: Storage, { namespace, duties }: NamespaceExport): Promise<void> {
  for await (const item of itemsOf(storage, transactionsPartition(namespace))) {
    if (isDecided(transactionOf(item))) await duties.recover({ namespace, transactionalId: item.key.sort });
  }
}

function* treeParts(tree: ZnodeTree): Generator<Uint8Array> {
  const image = tree.beginImage();
  try {
    for (const bytes of encodeSnapshot(image)) yield encodePart({ kind: "tree", bytes });
  } finally {
    image.close();
  }
}

function topicsOf(tree: ZnodeTree): readonly TopicRecord[] {
  return [...tree.childNames(topicsPath)].toSorted().flatMap((name) => findTopic(tree, name) ?? []);
}

class Exporter {
  readonly #storage: Storage;
  readonly #options: NamespaceExport;
  readonly #topics: readonly TopicRecord[];
  readonly #nameOf: ReadonlyMap<string, string>;
  readonly totals = { partitions: 0, batches: 0, batchBytes: 0, groups: 0 };

  constructor(storage: Storage, options: NamespaceExport, topics: readonly TopicRecord[]) {
    this.#storage = storage;
    this.#options = options;
    this.#topics = topics;
    this.#nameOf = new Map(topics.map(({ topicId, name }) => [topicId, name]));
  }

  async *parts(): AsyncGenerator<ArchivePart, void> {
    for await (const item of itemsOf(this.#storage, groupsPartition(this.#options.namespace))) {
      if (isShareGroup(item)) yield* this.#shareGroup(item);
      else yield* this.#group(item);
    }
    for (const topic of this.#topics) {
      for (let partition = 0; partition < topic.partitions; partition += 1) yield* this.#partition(topic, partition);
    }
  }

  *#group({ key, attributes }: Item): Generator<ArchivePart, void> {
    const isOther = attributes["kind"] !== consumerKind || !isGroup(attributes);
    if (isOther || isForgotten(attributes, this.#storage.clock.wallMs())) return;
    const offsets = offsetsOf(attributes).flatMap(({ topicId, partition, offset, metadata }) => {
      const topic = this.#nameOf.get(topicId);
      return topic === undefined ? [] : [{ topic, partition, offset, metadata }];
    });
    this.totals.groups += 1;
    yield { kind: "group", group: { group: key.sort, offsets } };
  }

  async *#shareGroup(item: Item): AsyncGenerator<ArchivePart, void> {
    const { namespace } = this.#options;
    const group = item.key.sort;
    const { groupId, config, topics: begun } = shareGroupOf({ namespace, group }, item);
    const states: ArchivePart[] = [];
    const topics = new Set(begun.flatMap(({ topicId }) => this.#nameOf.get(topicId) ?? []));
    for await (const { key, attributes } of itemsOf(this.#storage, sharePartition(namespace, group))) {
      const [topicId = "", partition = ""] = key.sort.split(":");
      const topic = this.#nameOf.get(topicId);
      const { state } = attributes;
      if (topic === undefined || attributes["groupId"] !== groupId || !(state instanceof Uint8Array)) continue;
      topics.add(topic);
      states.push({ kind: "share", share: { group, topic, partition: Number(partition) }, state });
    }
    this.totals.groups += 1;
    yield { kind: "shareGroup", shareGroup: { group, settings: { ...config }, topics: [...topics] } };
    yield* states;
  }

  async *#partition({ name, topicId }: TopicRecord, partition: number): AsyncGenerator<ArchivePart, void> {
    const source = new PartitionExport(this.#storage, { topicId, partition });
    const bounds = await source.bounds();
    this.totals.partitions += 1;
    yield { kind: "partition", partition: { topic: name, partition, ...bounds } };
    let gathered: Uint8Array[] = [];
    let bytes = 0;
    for await (const batches of source.batches(bounds)) {
      for (const batch of batches) {
        gathered.push(batch);
        bytes += batch.length;
        if (bytes < archiveBatchBytesTarget) continue;
        yield this.#batches(gathered, bytes);
        [gathered, bytes] = [[], 0];
      }
    }
    if (bytes > 0) yield this.#batches(gathered, bytes);
  }

  #batches(gathered: readonly Uint8Array[], length: number): ArchivePart {
    this.totals.batches += gathered.length;
    this.totals.batchBytes += length;
    this.#options.onBatches?.(gathered.length, length);
    return { kind: "batches", bytes: joinBytes(gathered, length) };
  }
}

async function* itemsOf({ items }: Storage, partition: string): AsyncGenerator<Item, void> {
  let after: string | undefined;
  do {
    const page = await items.query(partition, { limit: pageItemsMax, ...(after === undefined ? {} : { after }) });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}
