/**
 * For a service that is deleted while its data is kept, and one that is deployed on data that were kept. Entries that no segment
 * holds expire, and who would have sealed them goes with the service: so all is sealed before. What else is due (retention,
 * sessions, transactions) a sweep finds once there is a service again.
 */
import { handoverRunsMax } from "../limits/handover.ts";
import { sweepSlotMs } from "../limits/sweeps.ts";
import type { PartitionName } from "../partition/recover-partition.ts";
import { findSealDueMs } from "../partition/seal-due.ts";
import { sealPartition } from "../partition/seal-partition.ts";
import { askForSweep } from "../storage/arm-sweeps.ts";
import type { Storage } from "../storage/storage.ts";
import { type TopicSettings, topicSettings } from "../topics/topic-config.ts";
import { findTopic, topicsPath } from "../topics/topic-znodes.ts";
import { itemsOf } from "./pages.ts";
import type { NamespaceService, Page } from "./services.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export interface SealedAll {
  readonly partitions: number;
}

export interface HandoverService {
  /**
   * Makes a sweep come within half an hour.
   *
   * @throws StorageUnavailableError
   */
  takeOver(): Promise<void>;
  /**
   * Seals everything, after waiting for `quietMs`.
   *
   * @throws Error if that is not done within `timeMs`, or something cannot be sealed; all else is then
   */
  handOver(times: { readonly quietMs: number; readonly timeMs: number }): Promise<SealedAll>;
}

export interface HandoverSources {
  readonly namespaces: Pick<NamespaceService, "list">;
  readonly trees: Pick<TreeRegistry, "tree">;
}

export function handoverService(storage: Storage, sources: HandoverSources): HandoverService {
  return {
    // Not at once: what the sweep's schedule calls is made after this.
    takeOver: async () => askForSweep(storage, sweepSlotMs),
    handOver: async (times) => new Sealing(storage, sources).all(times),
  };
}

/** Partitions that are sealed at the same time. */
const partitionsAtOnce = 4;

/** A topic that was deleted meanwhile. */
const missing = { topicId: "", partitions: 0, config: {} } as const;

interface Stop {
  readonly name: PartitionName;
  readonly topic: string;
  readonly settings: TopicSettings;
}

class Sealing {
  readonly #storage: Storage;
  readonly #sources: HandoverSources;
  readonly #over = new AbortController();
  #partitions = 0;
  #failures: string[] = [];

  constructor(storage: Storage, sources: HandoverSources) {
    this.#storage = storage;
    this.#sources = sources;
  }

  async all({ quietMs, timeMs }: { readonly quietMs: number; readonly timeMs: number }): Promise<SealedAll> {
    const { signal } = this.#over;
    const { timers } = this.#storage;
    try {
      await Promise.race([
        timers.sleep(quietMs, signal).then(() => this.#walk()),
        timers.sleep(timeMs, signal).then(() => {
          throw new Error(`time was up after ${this.#partitions} partitions; delete the stack again to go on`);
        }),
      ]);
    } finally {
      this.#over.abort();
    }
    const [first] = this.#failures;
    if (first === undefined) return { partitions: this.#partitions };
    throw new Error(
      `${this.#failures.length} of ${this.#partitions} partitions could not be sealed, the first: ${first}`,
    );
  }

  async #walk(): Promise<void> {
    // Several may ask a generator at the same time: it answers one after the other.
    const stops = this.#stops();
    const work = async (): Promise<void> => {
      for (let stop = await stops.next(); stop.done !== true; stop = await stops.next()) {
        if (this.#over.signal.aborted) return;
        await this.#seal(stop.value);
      }
    };
    await Promise.all(Array.from({ length: partitionsAtOnce }, work));
  }

  /** Of topics as the trees have them: their items may be behind, and are brought up by who uses them next. */
  async *#stops(): AsyncGenerator<Stop, void> {
    const { namespaces, trees } = this.#sources;
    for await (const { name: namespace } of itemsOf((page) => namespaces.list(page))) {
      const tree = await trees.tree(namespace).read();
      const topics = itemsOf(async ({ limit, nextToken }) =>
        namesOf(tree.childPage(topicsPath, nextToken ?? "", limit)),
      );
      for await (const topic of topics) {
        const { topicId, partitions, config } = findTopic(tree, topic) ?? missing;
        const settings = topicSettings(config);
        for (let partition = 0; partition < partitions; partition += 1) {
          yield { name: { topicId, partition }, topic: `${namespace}/${topic}`, settings };
        }
      }
    }
  }

  async #seal({ name, topic, settings }: Stop): Promise<void> {
    try {
      await this.#sealWhole(name, settings);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#failures.push(`${topic} partition ${name.partition}: ${why}`);
    }
    this.#partitions += 1;
  }

  async #sealWhole(name: PartitionName, settings: TopicSettings): Promise<void> {
    for (let run = 0; run < handoverRunsMax && !this.#over.signal.aborted; run += 1) {
      if ((await findSealDueMs(this.#storage, name, settings)) === undefined) return;
      await sealPartition(this.#storage, name, settings, { forced: true });
    }
    throw new Error("there is still something to seal");
  }
}

function namesOf({ names, more }: { readonly names: readonly string[]; readonly more: boolean }): Page<string> {
  const last = names.at(-1);
  return { items: names, ...(more && last !== undefined ? { nextToken: last } : {}) };
}
