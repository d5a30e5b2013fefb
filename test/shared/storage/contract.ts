/** What every storage adapter must do. One describe per adapter; the tests share one open store. */
import { afterAll, beforeAll, describe } from "vitest";
import type { Storage } from "../../../shared/storage/storage.ts";
import { blobStoreContract } from "./contract/blob-store.ts";
import { environmentContract } from "./contract/environment.ts";
import { itemStoreConditionContract } from "./contract/item-store-conditions.ts";
import { itemStoreContract } from "./contract/item-store.ts";
import { logStoreRaceContract } from "./contract/log-store-races.ts";
import { logStoreContract } from "./contract/log-store.ts";

export interface OpenStorage {
  readonly storage: Storage;
  close(): Promise<void>;
}

/** Each test uses log ids, partitions and blob prefixes of its own, so that one store serves all of them. */
export function describeStorageContract(name: string, open: () => Promise<OpenStorage>): void {
  describe(`storage contract: ${name}`, () => {
    let opened: OpenStorage | undefined;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(async () => {
      await opened?.close();
    });
    const storage = (): Storage => {
      if (opened === undefined) throw new Error("the store is not open");
      return opened.storage;
    };
    describe("logs", () => {
      logStoreContract(() => storage().logs);
      logStoreRaceContract(() => storage().logs);
    });
    describe("items", () => {
      itemStoreContract(() => storage().items);
      itemStoreConditionContract(() => storage().items);
    });
    describe("blobs", () => blobStoreContract(storage));
    describe("environment", () => environmentContract(storage));
  });
}
