import { startDynoxide } from "../../../emulators/dynamodb-emulator.ts";
import { createEmulatedResources, openEmulatedStorage } from "../../../emulators/emulated-storage.ts";
import { startEmulators } from "../../../emulators/emulators.ts";
import { createNodeEnvironment } from "../../../../shared/storage/node/node-environment.ts";
import { describeStorageContract } from "../contract.ts";

describeStorageContract("aws on dynoxide and fauxqs", async () => {
  const emulators = await startEmulators({ dynamoDb: startDynoxide });
  const environment = createNodeEnvironment();
  const names = await createEmulatedResources(emulators, environment, "contract");
  const storage = openEmulatedStorage(emulators, environment, names);
  return {
    storage,
    close: async () => {
      await storage.close();
      await emulators.stop();
    },
  };
});
