import { openEmbeddedStorage } from "../../../../shared/storage/embedded/embedded-storage.ts";
import { describeStorageContract } from "../contract.ts";
import { removeFolder, temporaryFolder } from "./data-folder.ts";

describeStorageContract("embedded", async () => {
  const dataFolder = await temporaryFolder();
  const { storage, close } = await openEmbeddedStorage({ dataFolder });
  return {
    storage,
    close: async () => {
      await close();
      await removeFolder(dataFolder);
    },
  };
});
