/** Gauges that nobody's request tells: how far groups are behind that nobody serves here, and what the trees hold. */
import { consumerKind, isForgotten, isGroup } from "../groups/group-item.ts";
import { pageItemsMax } from "../limits.ts";
import { gaugeGroupsMax, gaugeNamespacesMax, gaugeRefreshMsMax } from "../limits/metrics.ts";
import type { GaugeName } from "../metrics/catalogue.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { groupsPartition } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { type FindEnds, offsetsWithLag } from "./group-lag.ts";
import type { GroupParts } from "./group-parts.ts";
import { settledInMemory } from "./group-settler.ts";
import { LagMeter } from "./lag-meter.ts";
import type { Namespaces } from "./namespace-service.ts";
import type { PartitionRegistry } from "./partition-registry.ts";
import type { GaugeService } from "./services.ts";
import type { TreeRegistry } from "./tree-registry.ts";

interface GaugeNeeds {
  readonly namespaces: Pick<Namespaces, "list">;
  readonly trees: TreeRegistry;
  readonly parts: GroupParts;
  readonly partitions: PartitionRegistry;
}

const refreshed: readonly GaugeName[] = [
  "SumOffsetLag",
  "MaxOffsetLag",
  "EstimatedMaxTimeLag",
  "OffsetLag",
  "EstimatedTimeLag",
  "znode_count",
  "ephemerals_count",
  "approximate_data_size",
  "global_sessions",
  "watch_count",
];

export function gaugeService(storage: Storage, needs: GaugeNeeds): GaugeService {
  const { metrics } = storage;
  return metrics === undefined ? { refresh: async () => {} } : new Gauges(storage, metrics, needs);
}

class Gauges implements GaugeService {
  readonly #storage: Storage;
  readonly #metrics: Metrics;
  readonly #needs: GaugeNeeds;
  readonly #meter: LagMeter;
  readonly #findEnds: FindEnds;

  constructor(storage: Storage, metrics: Metrics, needs: GaugeNeeds) {
    this.#storage = storage;
    this.#metrics = metrics;
    this.#needs = needs;
    this.#meter = new LagMeter(storage.clock, metrics);
    this.#findEnds = async (_namespace, { topicId, partition }) => {
      const reader = needs.partitions.reader({ topicId, partition });
      return { logStartOffset: await reader.logStartOffset(), highWatermark: await reader.highWatermark() };
    };
  }

  async refresh(msMax = gaugeRefreshMsMax): Promise<void> {
    for (const name of refreshed) this.#metrics.forget(name);
    const endMs = this.#storage.clock.monotonicMs() + msMax;
    let groupsLeft = gaugeGroupsMax;
    const page = await this.#needs.namespaces.list({ limit: gaugeNamespacesMax });
    for (const { name } of page.items) {
      this.#tellTree(name);
      for await (const item of this.#groups(name, groupsLeft)) {
        if (this.#storage.clock.monotonicMs() > endMs) return;
        groupsLeft -= 1;
        await this.#tellGroup(name, item);
      }
    }
  }

  /** Of a tree that this process follows anyway. */
  #tellTree(namespace: string): void {
    const counts = this.#needs.trees.followed(namespace)?.counts;
    if (counts === undefined) return;
    this.#metrics.gauge("znode_count", counts.znodes, { namespace });
    this.#metrics.gauge("ephemerals_count", counts.ephemerals, { namespace });
    this.#metrics.gauge("global_sessions", counts.sessions, { namespace });
    this.#metrics.gauge("watch_count", counts.waiters, { namespace, protocol: "http" });
    this.#metrics.gauge("approximate_data_size", counts.dataBytes, { namespace });
  }

  async *#groups(namespace: string, groupsMax: number): AsyncGenerator<Item, void> {
    let after: string | undefined;
    for (let left = groupsMax; left > 0;) {
      const limit = Math.min(left, pageItemsMax);
      const page = await this.#storage.items.query(groupsPartition(namespace), {
        limit,
        ...(after === undefined ? {} : { after }),
      });
      yield* page.items;
      left -= limit;
      after = page.next;
      if (after === undefined) return;
    }
  }

  async #tellGroup(namespace: string, item: Item): Promise<void> {
    const { attributes, key } = item;
    const isLive = attributes["kind"] === consumerKind && isGroup(attributes);
    if (!isLive || isForgotten(attributes, this.#storage.clock.wallMs())) return;
    const { items, topics } = this.#needs.parts;
    const name = { namespace, group: key.sort };
    await items.prepare(item);
    const group = items.read(name, item);
    const state = settledInMemory(group.state, items.moment(group.attributes));
    const findEnds = this.#findEnds;
    this.#meter.tell(name, await offsetsWithLag({ topics, findEnds }, namespace, { ...group, state }, undefined));
  }
}
