import type { Storage } from "../storage/storage.ts";
import type { ShareGroupParts } from "./producing-share-groups.ts";
import type { ShareGroupService } from "./share-groups.ts";

/** Share groups whose code is read when they are first asked for: who serves consumer groups alone has no use for it. */
export function laterShareGroups(storage: Storage, parts: ShareGroupParts): ShareGroupService {
  let loaded: Promise<ShareGroupService> | undefined;
  const load = async (): Promise<ShareGroupService> => {
    const { producingShareGroups } = await import("./producing-share-groups.ts");
    return producingShareGroups(storage, parts);
  };
  const service = (): Promise<ShareGroupService> => (loaded ??= load());
  return {
    configure: async (name, config) => (await service()).configure(name, config),
    acquire: async (request) => (await service()).acquire(request),
    acknowledge: async (request) => (await service()).acknowledge(request),
    list: async (namespace, page) => (await service()).list(namespace, page),
    describe: async (name) => (await service()).describe(name),
    delete: async (name) => (await service()).delete(name),
    redrive: async (request) => (await service()).redrive(request),
  };
}
