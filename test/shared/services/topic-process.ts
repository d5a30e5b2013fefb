/** The services of topics as one process has them, with its requests counted. */
import { expect } from "vitest";
import type { ServiceError } from "../../../shared/api/errors.ts";
import { Namespaces } from "../../../shared/services/namespace-service.ts";
import type { TopicFinder, TopicService } from "../../../shared/services/services.ts";
import { topicFinder } from "../../../shared/services/topic-finder.ts";
import { topicService } from "../../../shared/services/topic-service.ts";
import { TreeRegistry } from "../../../shared/services/tree-registry.ts";
import { type CountedStorage, countRequests } from "../../../shared/storage/count-requests.ts";
import type { MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { SimulatedProcess } from "../../../shared/storage/memory/simulated-process.ts";

export interface TopicProcess extends CountedStorage {
  readonly process: SimulatedProcess;
  readonly trees: TreeRegistry;
  readonly namespaces: Namespaces;
  readonly topics: TopicService;
  readonly finder: TopicFinder;
}

export function topicProcess(memory: MemoryStorage): TopicProcess {
  const process = memory.store.process();
  const counted = countRequests(process.storage);
  const { storage } = counted;
  const trees = new TreeRegistry(storage);
  const namespaces = new Namespaces(storage, trees);
  const topics = topicService(storage, trees, namespaces);
  return { ...counted, process, trees, namespaces, topics, finder: topicFinder(storage, trees, namespaces) };
}

/** Expects a ServiceError of that code, and answers it. */
export async function refusal(promise: Promise<unknown>, code: string): Promise<ServiceError> {
  const caught: unknown = await promise.then(
    (value) => ({ value }),
    (cause: unknown) => cause,
  );
  expect(caught).toMatchObject({ name: "ServiceError", code });
  return caught as ServiceError;
}
