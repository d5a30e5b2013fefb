/** The services of one capability over one storage, with nothing that it does not need: a function's bundle stays small. */
import type { Storage } from "../storage/storage.ts";
import { groupParts } from "./group-parts.ts";
import type { LoadPatterns } from "./group-topics.ts";
import { healthService } from "./health-service.ts";
import { laterShareGroups } from "./later-share-groups.ts";
import type { ServiceOptions, Services } from "./services.ts";
import {
  appendingWith,
  type AppendingServices,
  baseOf,
  coordinationWith,
  type CoordinationServices,
  dutiesWith,
  fetchWith,
  gaugesWith,
  groupsWith,
  type GroupServices,
  topicsWith,
  type TopicServices,
} from "./wiring.ts";

export type { AppendingServices, CoordinationServices, GroupServices, TopicServices } from "./wiring.ts";

export type HealthServices = Pick<Services, "health">;

export function createHealthServices(storage: Storage): HealthServices {
  return { health: healthService(storage) };
}

export function createTopicServices(storage: Storage, options: ServiceOptions = {}): TopicServices {
  return topicsWith(baseOf(storage, options), options);
}

export type FetchServices = Pick<Services, "fetch">;

export function createFetchServices(storage: Storage, options: ServiceOptions = {}): FetchServices {
  return { fetch: fetchWith(baseOf(storage, options)) };
}

export function createAppendingServices(storage: Storage, options: ServiceOptions = {}): AppendingServices {
  const base = baseOf(storage, options);
  return appendingWith(base, groupParts(storage, base.finder));
}

/** @param loadPatterns reads RE2's code, which is large, when it is first called */
export function createGroupServices(storage: Storage, loadPatterns: LoadPatterns): GroupServices {
  const base = baseOf(storage, {});
  const fetch = fetchWith(base);
  const { namespaces, finder: topics, partitions } = base;
  const shareGroups = laterShareGroups(storage, { namespaces, topics, partitions, fetch });
  return groupsWith(base, groupParts(storage, topics), { fetch, shareGroups, options: {}, loadPatterns });
}

export function createCoordinationServices(storage: Storage): CoordinationServices {
  return coordinationWith(baseOf(storage, {}));
}

export type DutyServices = Pick<Services, "duties">;
export type SweepServices = Pick<Services, "duties" | "gauges">;

export function createDutyServices(storage: Storage): DutyServices {
  const base = baseOf(storage, {});
  return {
    duties: dutiesWith(base, coordinationWith(base), appendingWith(base, groupParts(storage, base.finder))),
  };
}

export function createSweepServices(storage: Storage): SweepServices {
  const base = baseOf(storage, {});
  const parts = groupParts(storage, base.finder);
  return {
    duties: dutiesWith(base, coordinationWith(base), appendingWith(base, parts)),
    gauges: gaugesWith(base, parts),
  };
}
