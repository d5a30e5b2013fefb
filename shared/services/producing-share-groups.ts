import type { Storage } from "../storage/storage.ts";
import type { PartitionRegistry } from "./partition-registry.ts";
import { produceService } from "./produce-service.ts";
import { type ShareGroupNeeds, shareGroupService } from "./share-group-service.ts";
import type { ShareGroupService } from "./share-groups.ts";
import { TransactionItems } from "./transaction-items.ts";
import { transactionVerifier } from "./transaction-verifier.ts";

export interface ShareGroupParts extends Omit<ShareGroupNeeds, "produce"> {
  readonly partitions: PartitionRegistry;
}

/** Share groups that write their dead letters themselves. */
export function producingShareGroups(storage: Storage, { partitions, ...needs }: ShareGroupParts): ShareGroupService {
  const verifier = transactionVerifier(new TransactionItems(storage));
  const produce = produceService(storage, needs.topics, partitions, verifier);
  return shareGroupService(storage, { ...needs, produce });
}
