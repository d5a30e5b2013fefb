/**
 * Namespaces as items. `default` is there from the start and has none. How one is deleted stands in `namespace-deletion.ts`.
 *
 * The tree of a namespace that is created anew is opened again: by who creates it, or, should that process end half-way, by
 * the first who writes.
 */
import { ServiceError } from "../api/errors.ts";
import {
  ambiguityProbesMax,
  namespaceNameCharsMax,
  topicCacheEntriesMax,
  topicCacheMsMax,
  topicWriteAttemptsMax,
} from "../limits.ts";
import { eraseInRequestMsMax } from "../limits/deletion.ts";
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import { backoffMs } from "../log/put-entry.ts";
import { StorageThrottledError } from "../storage/errors.ts";
import { namespaceKey, namespacesPartition } from "../storage/item-keys.ts";
import type { Attributes, Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { TreeWriteResult } from "../tree/tree.ts";
import { afterChange, isStorageFailure, withChangeErrors } from "./change-errors.ts";
import { type DeletionSweep, isDeleting, NamespaceDeletion } from "./namespace-deletion.ts";
import { defaultNamespace, findNamespaceNameProblem } from "./namespace-name.ts";
import type { NamespaceDescription, NamespaceService, Page, PageRequest } from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { checkLimit } from "./topic-checks.ts";
import { decidedOrThrow } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";
import { untilAnswered } from "./until-answered.ts";

/**
 * For a name that is to be one of an existing namespace.
 *
 * @throws ServiceError UNKNOWN_NAMESPACE if none can have it
 */
export function checkNamespaceName(name: string): void {
  if (findNamespaceNameProblem(name) !== undefined) throw unknownNamespace(name);
}

export class Namespaces implements NamespaceService {
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  readonly #deletion: NamespaceDeletion;
  /** Namespaces that were there, and when; least recently seen first. */
  readonly #seen = new Map<string, Instant>();

  constructor(storage: Storage, trees: TreeRegistry) {
    this.#storage = storage;
    this.#trees = trees;
    this.#deletion = new NamespaceDeletion(storage, trees);
  }

  async create(name: string): Promise<NamespaceDescription> {
    const problem = findNamespaceNameProblem(name);
    if (problem !== undefined) throw new ServiceError("BAD_ARGUMENTS", `A namespace's name ${problem}`);
    if (name === defaultNamespace) throw alreadyExists(name);
    return await withChangeErrors(() => this.#create(name));
  }

  async list({ limit, nextToken }: PageRequest): Promise<Page<NamespaceDescription>> {
    checkLimit(limit);
    const after = nextToken ?? "";
    if (after !== "" && findNamespaceNameProblem(after) !== undefined) {
      throw new ServiceError("BAD_ARGUMENTS", "nextToken is not one that a page ended with");
    }
    return await withStorageErrors(async () => {
      const page = await this.#storage.items.query(namespacesPartition, {
        limit,
        ...(after === "" ? {} : { after }),
      });
      const items = page.items.filter((item) => !isDeleting(item)).map(descriptionOf);
      const beyond = page.next ?? "\uffff";
      if (after < defaultNamespace && defaultNamespace <= beyond)
        items.push({ name: defaultNamespace, createdAtMs: 0 });
      const sorted = items.toSorted((one, other) => (one.name < other.name ? -1 : 1));
      const shown = sorted.slice(0, limit);
      const next = shown.length < sorted.length ? shown.at(-1)?.name : page.next;
      return { items: shown, ...(next === undefined ? {} : { nextToken: next }) };
    });
  }

  async delete(name: string): Promise<void> {
    if (name === defaultNamespace) throw new ServiceError("BAD_ARGUMENTS", "The namespace default cannot be deleted");
    this.#seen.delete(name);
    checkNamespaceName(name);
    await withChangeErrors(async () => {
      const marked = await this.#deletion.mark(name);
      if (marked === undefined) throw unknownNamespace(name);
      if (!(await this.#deletion.decide(name, marked))) {
        throw new ServiceError("NOT_EMPTY", `The namespace ${name} still holds topics or znodes`);
      }
      await this.#eraseQuietly(name, marked);
    });
  }

  /**
   * For whoever needs the namespace to be there; from memory for a few seconds, else one request.
   *
   * @throws ServiceError UNKNOWN_NAMESPACE
   */
  async require(name: string): Promise<void> {
    if (name === defaultNamespace) return;
    const seen = this.#seen.get(name);
    const now = instantOf(this.#storage.clock);
    if (seen !== undefined && isFresh(seen, now, topicCacheMsMax)) return;
    await this.requireNow(name);
    this.#seen.delete(name);
    this.#seen.set(name, now);
    for (const [oldest] of this.#seen) {
      if (this.#seen.size <= topicCacheEntriesMax) break;
      this.#seen.delete(oldest);
    }
  }

  /**
   * As `require`, always asking.
   *
   * @throws ServiceError UNKNOWN_NAMESPACE
   */
  async requireNow(name: string): Promise<void> {
    if (name === defaultNamespace) return;
    checkNamespaceName(name);
    const isThere = await withStorageErrors(async () => {
      const item = await this.#storage.items.get(namespaceKey(name));
      return item !== undefined && !(isDeleting(item) && (await this.#deletion.isDecided(name)));
    });
    if (!isThere) throw unknownNamespace(name);
  }

  /**
   * For the sweep: decides and finishes deletions whose processes are gone.
   *
   * @throws what the store throws, when all others are done
   */
  sweepDeleted(bounds?: DeletionSweep): Promise<void> {
    return this.#deletion.sweep(bounds);
  }

  /**
   * Writes to a namespace's tree. One that is closed although the namespace is there is opened first.
   *
   * @throws ServiceError UNKNOWN_NAMESPACE
   */
  async inOpenTree(name: string, write: () => Promise<TreeWriteResult>): Promise<TreeWriteResult> {
    const result = await write();
    if (result.kind !== "refused" || result.refusal.code !== "UNKNOWN_NAMESPACE") return result;
    this.#seen.delete(name);
    await this.requireNow(name);
    await withChangeErrors(() => this.#openTree(name));
    return await write();
  }

  async #create(name: string): Promise<NamespaceDescription> {
    const createdAtMs = this.#storage.clock.wallMs();
    const attemptId = this.#storage.random.id();
    const set = { createdAtMs, attemptId };
    for (let attempt = 0; attempt < topicWriteAttemptsMax; attempt += 1) {
      const existing = await this.#putItem(name, set);
      // Ours, if an answer was lost on the way.
      if (existing === undefined || existing.attributes["attemptId"] === attemptId) {
        await afterChange(() => this.#openTree(name));
        return { name, createdAtMs };
      }
      if (!isDeleting(existing) || !(await this.#deletion.decide(name, existing))) throw alreadyExists(name);
      // What is left of it must not be taken for the new one's.
      if (!(await this.#eraseQuietly(name, existing))) {
        throw new ServiceError("THROTTLING_QUOTA_EXCEEDED", `What the namespace ${name} held is still being erased`);
      }
      await this.#deletion.remove(name, existing);
    }
    throw new ServiceError("THROTTLING_QUOTA_EXCEEDED", `Too many callers create and delete the namespace ${name}`);
  }

  /** The item that is there already, if one is. An unclear answer is asked for again. */
  async #putItem(name: string, set: Attributes): Promise<Item | undefined> {
    const key = namespaceKey(name);
    const pause = (attempt: number): Promise<void> => this.#storage.timers.sleep(backoffMs(this.#storage, attempt));
    for (let attempt = 0; attempt < ambiguityProbesMax; attempt += 1) {
      const put = () => this.#storage.items.update(key, { set }, [{ kind: "absent" }]);
      const written = await untilAnswered(ambiguityProbesMax, put, pause);
      if (written.applied) return undefined;
      const existing = written.existing ?? (await this.#storage.items.get(key));
      if (existing !== undefined) return existing;
      await pause(attempt);
    }
    throw new StorageThrottledError(`the namespace ${name} comes and goes`);
  }

  /** True if nothing is left. What cannot be erased now, the sweep erases. */
  async #eraseQuietly(name: string, marked: Item): Promise<boolean> {
    try {
      return await this.#deletion.erase(name, marked, eraseInRequestMsMax);
    } catch (cause) {
      if (isStorageFailure(cause)) return false;
      throw cause;
    }
  }

  async #openTree(name: string): Promise<void> {
    const tree = this.#trees.tree(name);
    if ((await tree.read()).closed) decidedOrThrow(await tree.write({ operations: [{ kind: "openTree" }] }));
  }
}

function descriptionOf(item: Item): NamespaceDescription {
  const { createdAtMs } = item.attributes;
  return { name: item.key.sort, createdAtMs: typeof createdAtMs === "number" ? createdAtMs : 0 };
}

function alreadyExists(name: string): ServiceError {
  return new ServiceError("NAMESPACE_ALREADY_EXISTS", `The namespace ${name} exists`);
}

function unknownNamespace(name: string): ServiceError {
  return new ServiceError("UNKNOWN_NAMESPACE", `There is no namespace ${name.slice(0, namespaceNameCharsMax)}`);
}
