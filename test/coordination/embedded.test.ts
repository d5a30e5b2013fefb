import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { doDuty } from "../../functions/duties/do-duty.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { openEmbeddedStorage } from "../../shared/storage/embedded/embedded-storage.ts";
import { describeCoordination } from "./suite.ts";

describeCoordination("embedded", async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), "streamkeeper-coordination-"));
  const embedded = await openEmbeddedStorage({ dataFolder });
  const services = createServices(embedded.storage);
  embedded.onWake((duty) => void doDuty(services.duties, duty));
  return {
    services,
    other: createServices(embedded.storage),
    close: async () => {
      await embedded.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
});
