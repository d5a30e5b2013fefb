import { createMemoryStorage } from "../../../../shared/storage/memory/memory-storage.ts";
import { delaysDefault } from "../../../../shared/storage/memory/faults.ts";
import { describeStorageContract } from "../contract.ts";

describeStorageContract("memory", async () => createMemoryStorage());
describeStorageContract("memory, with delays and harmless faults", async () =>
  createMemoryStorage({
    delays: delaysDefault,
    faults: { slow: 0.1, hintRepeated: 0.5, wakeLost: 0.5, existingUnknown: 0.5 },
  }),
);
