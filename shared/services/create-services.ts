/** All services of one process over one storage. */
import type { Storage } from "../storage/storage.ts";
import { classicCode } from "./classic-code.ts";
import { classicGroupService } from "./classic-group-service.ts";
import { followWith } from "./follow-namespace.ts";
import { groupParts } from "./group-parts.ts";
import { healthService } from "./health-service.ts";
import { partitionProducers } from "./partition-producers.ts";
import type { ServiceOptions, Services } from "./services.ts";
import { shareGroupService } from "./share-group-service.ts";
import { topicCareService } from "./topic-care-service.ts";
import { TopicPatterns } from "./topic-pattern.ts";
import {
  appendingWith,
  baseOf,
  coordinationWith,
  dutiesWith,
  fetchWith,
  gaugesWith,
  groupsWith,
  subscriptionsWith,
  topicsWith,
} from "./wiring.ts";

export function createServices(storage: Storage, options: ServiceOptions = {}): Services {
  const base = baseOf(storage, options);
  const parts = groupParts(storage, base.finder, () => classicCode);
  const appending = appendingWith(base, parts, options);
  const coordination = coordinationWith(base);
  const fetch = fetchWith(base);
  const patterns = new TopicPatterns();
  const { namespaces, finder: topics } = base;
  const shareGroups = shareGroupService(storage, { namespaces, topics, fetch, produce: appending.produce });
  return {
    ...coordination,
    ...appending,
    ...groupsWith(base, parts, { fetch, shareGroups, options, loadPatterns: () => patterns }),
    // These and `topicCare` only gateways have, and no function.
    classicGroups: classicGroupService(storage, { namespaces, parts }),
    partitionProducers: partitionProducers(storage, topics),
    follow: followWith(storage, base.trees, namespaces),
    ...topicsWith(base, options),
    topicCare: topicCareService(storage, base.trees, namespaces),
    fetch,
    gauges: gaugesWith(base, parts),
    health: healthService(storage),
    duties: dutiesWith(base, coordination, appending),
    push: subscriptionsWith(base, options),
  };
}
