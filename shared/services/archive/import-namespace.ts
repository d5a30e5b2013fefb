/**
 * Makes a namespace of an archive, in a store where it is not there yet:
 *
 *     partitions, under new topic ids ──► groups ──► snapshot of the tree ──► the namespace's item, the topics' items
 *
 * The snapshot decides. Before it nothing refers to what was written, and the sweep erases it; after it the namespace is whole.
 */
import { ServiceError } from "../../api/errors.ts";
import { encodeCommitted } from "../../groups/committed-offset.ts";
import { decodeShareState } from "../../groups/share-state-codec.ts";
import { consumerKind, offsetName, topicNameName } from "../../groups/group-item.ts";
import { archiveTreeBytesMax } from "../../limits/archive.ts";
import { groupSessionTimeoutMsMax, offsetsRetentionMs } from "../../limits/groups.ts";
import { pageItemsMax } from "../../limits.ts";
import { snapshotsLogId, treeLogId } from "../../log/log-id.ts";
import { joinBytes } from "../../record/join-bytes.ts";
import { MalformedBytesError } from "../../record/malformed-bytes-error.ts";
import { StorageUnavailableError } from "../../storage/errors.ts";
import {
  garbageKey,
  groupKey,
  groupsPartition,
  namespaceKey,
  shareKey,
  sharePartition,
  topicsPartition,
} from "../../storage/item-keys.ts";
import type { Attributes, ItemKey } from "../../storage/item-store.ts";
import type { Storage } from "../../storage/storage.ts";
import { topicSettings } from "../../topics/topic-config.ts";
import { decodeSnapshot } from "../../tree/snapshot-codec.ts";
import { writeSnapshot } from "../../tree/write-snapshot.ts";
import type { ZnodeTree } from "../../tree/znode-tree.ts";
import { healProjections } from "../heal-projections.ts";
import { checkGroupName } from "../group-name.ts";
import { defaultNamespace, findNamespaceNameProblem } from "../namespace-name.ts";
import { changedShareConfig, shareConfigDefault } from "../share-checks.ts";
import { shareGroupAttributes } from "../share-group-items.ts";
import { TreeRegistry } from "../tree-registry.ts";
import {
  ArchiveError,
  type ArchivedGroup,
  type ArchivedPartition,
  type ArchivedShare,
  type ArchivedShareGroup,
  type ArchivePart,
  type ArchiveTotals,
  readArchive,
} from "./archive-format.ts";
import { PartitionImport } from "./import-partition.ts";
import { closeSessions, type ImportedTopic, renameTopics } from "./import-tree.ts";

export interface NamespaceImport {
  /** Another name than in the archive. */
  readonly namespace?: string;
  /** Told of batches as they are stored. */
  readonly onBatches?: (batches: number, bytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface ImportedNamespace {
  readonly namespace: string;
  readonly topics: number;
  readonly znodes: number;
  readonly totals: ArchiveTotals;
}

/**
 * @param chunks the archive
 * @throws ArchiveError if the bytes are no whole archive
 * @throws ServiceError NAMESPACE_ALREADY_EXISTS | BAD_ARGUMENTS for a name that none can have | INVALID_GROUP_ID |
 *   INVALID_CONFIG
 * @throws StorageCorruptError if the tree does not decode
 * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError | StorageFullError
 * @throws the signal's reason
 */
export async function importNamespace(
  storage: Storage,
  chunks: AsyncIterable<Uint8Array>,
  options: NamespaceImport = {},
): Promise<ImportedNamespace> {
  const parts = readArchive(chunks);
  const first = await parts.next();
  if (first.done === true || first.value.kind !== "head") throw new ArchiveError("the archive has no head");
  const namespace = options.namespace ?? first.value.head.namespace;
  const problem = namespace === defaultNamespace ? undefined : findNamespaceNameProblem(namespace);
  if (problem !== undefined) throw new ServiceError("BAD_ARGUMENTS", `A namespace's name ${problem}`);
  await expectNothing(storage, namespace);
  const run = new Import(storage, namespace, options);
  try {
    for await (const part of parts) {
      options.signal?.throwIfAborted();
      await run.take(part);
    }
    return await run.commit();
  } catch (cause) {
    await run.giveUp();
    if (!(cause instanceof MalformedBytesError)) throw cause;
    throw new ArchiveError(`a part of the archive does not decode: ${cause.message}`, { cause });
  }
}

/** @throws ServiceError NAMESPACE_ALREADY_EXISTS */
async function expectNothing(storage: Storage, namespace: string): Promise<void> {
  const [item, snapshot, entry] = await Promise.all([
    namespace === defaultNamespace ? undefined : storage.items.get(namespaceKey(namespace)),
    storage.logs.readLast(snapshotsLogId(namespace)),
    storage.logs.readLast(treeLogId(namespace)),
  ]);
  if (item === undefined && snapshot === undefined && entry === undefined) return;
  throw new ServiceError(
    "NAMESPACE_ALREADY_EXISTS",
    `The namespace ${namespace} is, or was, in use; import the archive under another name`,
  );
}

class Import {
  readonly #storage: Storage;
  readonly #namespace: string;
  readonly #options: NamespaceImport;
  #treeChunks: Uint8Array[] = [];
  #treeBytes = 0;
  #tree: ZnodeTree | undefined;
  #topics: ReadonlyMap<string, ImportedTopic> = new Map();
  #partition: PartitionImport | undefined;
  readonly #seen = new Set<string>();
  readonly #groups: ArchivedGroup[] = [];
  readonly #shareGroups = new Map<string, { readonly group: ArchivedShareGroup; readonly groupId: string }>();
  readonly #shares: { readonly share: ArchivedShare; readonly state: Uint8Array }[] = [];
  #totals: ArchiveTotals | undefined;
  #notedAtMs = 0;
  readonly #counted = { batches: 0, batchBytes: 0 };
  #isDeciding = false;

  constructor(storage: Storage, namespace: string, options: NamespaceImport) {
    this.#storage = storage;
    this.#namespace = namespace;
    this.#options = options;
  }

  async take(part: ArchivePart): Promise<void> {
    if (part.kind !== "tree" && part.kind !== "head") await this.#beginTopics();
    await this.#keepFromSweep();
    switch (part.kind) {
      case "head":
        throw new ArchiveError("the archive has two heads");
      case "tree":
        return this.#takeTree(part.bytes);
      case "group":
        checkGroupName({ namespace: this.#namespace, group: part.group.group });
        this.#groups.push(part.group);
        return;
      case "shareGroup":
        return this.#takeShareGroup(part.shareGroup);
      case "share":
        decodeShareState(part.state);
        // A view of what was read would keep all of it.
        this.#shares.push({ share: part.share, state: part.state.slice() });
        return;
      case "partition":
        await this.#partition?.finish();
        this.#partition = this.#beginPartition(part.partition);
        return;
      case "batches":
        return await this.#takeBatches(part.bytes);
      case "end":
        this.#totals = part.totals;
    }
  }

  async commit(): Promise<ImportedNamespace> {
    const [tree, totals] = [this.#tree, this.#totals];
    if (tree === undefined || totals === undefined) throw new ArchiveError("the archive has no tree or no end");
    await this.#partition?.finish();
    this.#expectAll(totals);
    await this.#writeGroups();
    await this.#keepFromSweep();
    const znodes = tree.nodeCount;
    const topics = [...this.#topics.values()];
    // From here on the sweep must not erase them; what is left of a failure now is never found, and never read.
    for (const { topicId } of topics) await this.#storage.items.delete(garbageKey(topicId), []);
    await expectNothing(this.#storage, this.#namespace);
    this.#isDeciding = true;
    if (tree.lastZxid > 0 || topics.length > 0) {
      const { lastZxid } = tree;
      const { position } = await writeSnapshot(this.#storage, this.#namespace, tree.beginImage());
      if (position !== lastZxid + 1) throw new StorageUnavailableError(`${this.#namespace} was written to by another`);
    }
    await this.#openNamespace();
    await healProjections(this.#storage, new TreeRegistry(this.#storage), this.#namespace);
    return { namespace: this.#namespace, topics: topics.length, znodes, totals };
  }

  /** Leaves to the sweep what nothing refers to. */
  async giveUp(): Promise<void> {
    if (!this.#isDeciding) await this.#noteGarbage().catch(() => undefined);
  }

  #takeTree(bytes: Uint8Array): void {
    if (this.#tree !== undefined) throw new ArchiveError("the tree is in pieces");
    this.#treeBytes += bytes.length;
    if (this.#treeBytes > archiveTreeBytesMax) throw new ArchiveError("the tree is too large");
    this.#treeChunks.push(bytes.slice());
  }

  #takeShareGroup(group: ArchivedShareGroup): void {
    checkGroupName({ namespace: this.#namespace, group: group.group });
    changedShareConfig(shareConfigDefault, group.settings);
    this.#shareGroups.set(group.group, { group, groupId: this.#storage.random.id() });
  }

  /** When the tree is whole, and before anything is stored. */
  async #beginTopics(): Promise<void> {
    if (this.#tree !== undefined) return;
    const tree = decodeSnapshot(joinBytes(this.#treeChunks, this.#treeBytes));
    this.#treeChunks = [];
    const topics = renameTopics(tree, () => this.#storage.random.id());
    closeSessions(tree, this.#storage.clock.wallMs());
    this.#topics = new Map(topics.map((topic) => [topic.name, topic]));
    this.#tree = tree;
    await this.#noteGarbage();
  }

  /** Should this process end half-way, the sweep finds what it has stored. */
  async #noteGarbage(): Promise<void> {
    const deletedAtMs = this.#storage.clock.wallMs();
    this.#notedAtMs = deletedAtMs;
    for (const { topicId, partitions } of this.#topics.values()) {
      await this.#storage.items.update(garbageKey(topicId), { set: { partitions, deletedAtMs } });
    }
  }

  /** The sweep erases what was noted a grace period ago, and an import may take longer. @throws StorageUnavailableError */
  async #keepFromSweep(): Promise<void> {
    if (this.#topics.size === 0) return;
    const { clock, lifetimes } = this.#storage;
    const notedSinceMs = clock.wallMs() - this.#notedAtMs;
    if (notedSinceMs < lifetimes.graceMs / 8) return;
    if (notedSinceMs > lifetimes.graceMs / 2) {
      throw new StorageUnavailableError(
        "the import stood still for so long that the sweep may erase what it has stored",
      );
    }
    await this.#noteGarbage();
  }

  #beginPartition(bounds: ArchivedPartition): PartitionImport {
    const topic = this.#topics.get(bounds.topic);
    const id = `${bounds.topic}/${bounds.partition}`;
    if (topic === undefined || bounds.partition >= topic.partitions || this.#seen.has(id)) {
      throw new ArchiveError(`${id} is in the archive twice, or not in its tree`);
    }
    if (bounds.logStartOffset > bounds.endOffset) throw new ArchiveError(`${id} ends before it begins`);
    this.#seen.add(id);
    const isCompacted = topicSettings(topic.config).compaction !== undefined;
    return new PartitionImport(
      this.#storage,
      { topicId: topic.topicId, partition: bounds.partition },
      bounds,
      isCompacted,
    );
  }

  async #takeBatches(bytes: Uint8Array): Promise<void> {
    if (this.#partition === undefined) throw new ArchiveError("batches of no partition");
    const batches = await this.#partition.add(bytes);
    this.#counted.batches += batches;
    this.#counted.batchBytes += bytes.length;
    this.#options.onBatches?.(batches, bytes.length);
  }

  #expectAll({ partitions, batches, batchBytes, groups }: ArchiveTotals): void {
    const found = {
      partitions: this.#seen.size,
      ...this.#counted,
      groups: this.#groups.length + this.#shareGroups.size,
    };
    const topics = [...this.#topics.values()];
    const ofTopics = topics.reduce((sum, topic) => sum + topic.partitions, 0);
    const isWhole =
      found.partitions === partitions &&
      found.batches === batches &&
      found.batchBytes === batchBytes &&
      found.groups === groups &&
      partitions === ofTopics;
    if (!isWhole) throw new ArchiveError("the archive does not hold what its end says");
  }

  async #writeGroups(): Promise<void> {
    await this.#eraseLeftGroups();
    for (const group of this.#groups) await this.#writeGroup(group);
    for (const { group, groupId } of this.#shareGroups.values()) await this.#writeShareGroup(group, groupId);
    for (const { share, state } of this.#shares) {
      const { groupId } = this.#shareGroups.get(share.group) ?? {};
      if (groupId === undefined) throw new ArchiveError(`the share group ${share.group} is not in the archive`);
      const key = shareKey(this.#namespace, share.group, this.#idOf(share.topic), share.partition);
      await this.#put(key, { groupId, attempts: "", state });
    }
  }

  /** Without a tree there are no topics, and without topics no groups: they are of an import that ended half-way. */
  async #eraseLeftGroups(): Promise<void> {
    await this.#erase(groupsPartition(this.#namespace), ({ sort }) =>
      this.#erase(sharePartition(this.#namespace, sort)),
    );
    await this.#erase(topicsPartition(this.#namespace));
  }

  /** @param first what is done before an item goes */
  async #erase(partition: string, first?: (key: ItemKey) => Promise<void>): Promise<void> {
    const { items } = this.#storage;
    for (;;) {
      const page = await items.query(partition, { limit: pageItemsMax });
      for (const { key } of page.items) {
        await first?.(key);
        await items.delete(key, []);
      }
      if (page.next === undefined) return;
    }
  }

  async #writeGroup({ group, offsets }: ArchivedGroup): Promise<void> {
    const nowMs = this.#storage.clock.wallMs();
    const set: Record<string, string | number> = { kind: consumerKind, touchedAtMs: nowMs };
    for (const { topic, partition, offset, metadata } of offsets) {
      const topicId = this.#idOf(topic);
      set[offsetName(topicId, partition)] = encodeCommitted({ offset, committedAtMs: nowMs, metadata });
      set[topicNameName(topicId)] = topic;
    }
    await this.#put(groupKey(this.#namespace, group), set, nowMs + groupSessionTimeoutMsMax + offsetsRetentionMs);
  }

  async #writeShareGroup({ group, settings, topics }: ArchivedShareGroup, groupId: string): Promise<void> {
    const config = changedShareConfig(shareConfigDefault, settings);
    const begun = topics.map((name) => ({ name, topicId: this.#idOf(name) }));
    const set = shareGroupAttributes({ groupId, config, topics: begun, cursors: [] });
    await this.#put(groupKey(this.#namespace, group), set);
  }

  /** @throws ArchiveError */
  #idOf(topic: string): string {
    const found = this.#topics.get(topic);
    if (found === undefined) throw new ArchiveError(`the topic ${topic} is not in the archive's tree`);
    return found.topicId;
  }

  async #put(key: ItemKey, set: Attributes, expiresAtMs?: number): Promise<void> {
    const change = { set, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
    await this.#storage.items.update(key, change);
  }

  async #openNamespace(): Promise<void> {
    if (this.#namespace === defaultNamespace) return;
    const attemptId = this.#storage.random.id();
    const set = { createdAtMs: this.#storage.clock.wallMs(), attemptId };
    const written = await this.#storage.items.update(namespaceKey(this.#namespace), { set }, [{ kind: "absent" }]);
    if (written.applied) return;
    const existing = written.existing ?? (await this.#storage.items.get(namespaceKey(this.#namespace)));
    if (existing?.attributes["attemptId"] === attemptId) return;
    throw new ServiceError("NAMESPACE_ALREADY_EXISTS", `The namespace ${this.#namespace} was created meanwhile`);
  }
}
