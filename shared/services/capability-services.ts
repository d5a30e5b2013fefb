/** The services of one capability over one storage, with nothing that it does not need: a function's bundle stays small. */
import type { Connections } from "../storage/connections.ts";
import type { Storage } from "../storage/storage.ts";
import { groupParts } from "./group-parts.ts";
import type { LoadPatterns } from "./group-topics.ts";
import { type HandoverService, handoverService } from "./handover-service.ts";
import { healthService } from "./health-service.ts";
import { laterShareGroups } from "./later-share-groups.ts";
import type { HintService } from "./push.ts";
import type { ServiceOptions, Services } from "./services.ts";
import { TreeRegistry } from "./tree-registry.ts";
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
  hintsWith,
  subscriptionsWith,
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

export type FetchServices = Pick<Services, "fetch" | "push">;

export function createFetchServices(storage: Storage, options: ServiceOptions = {}): FetchServices {
  const base = baseOf(storage, options);
  return { fetch: fetchWith(base), push: subscriptionsWith(base, options) };
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

export type ZnodeServices = Pick<Services, "znodes" | "changes" | "push">;

export function createZnodeServices(storage: Storage): ZnodeServices {
  const base = baseOf(storage, {});
  const { znodes, changes } = coordinationWith(base);
  return { znodes, changes, push: subscriptionsWith(base, {}) };
}

export type PushServices = Pick<Services, "push">;

export function createPushServices(storage: Storage): PushServices {
  return { push: subscriptionsWith(baseOf(storage, {}), {}) };
}

export interface HintServices {
  readonly hints: HintService;
}

/** @param options must be those of the services that take subscriptions */
export function createHintServices(
  storage: Storage,
  connections: Connections,
  options: ServiceOptions = {},
): HintServices {
  return { hints: hintsWith({ storage, trees: new TreeRegistry(storage) }, connections, options) };
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

export interface HandoverServices {
  readonly handover: HandoverService;
}

export function createHandoverServices(storage: Storage): HandoverServices {
  const { namespaces, trees } = baseOf(storage, {});
  return { handover: handoverService(storage, { namespaces, trees }) };
}
