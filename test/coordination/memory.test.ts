import { doDuty } from "../../functions/duties/do-duty.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import { InProcessWakeUps } from "../../shared/storage/node/in-process-wake-ups.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import { describeCoordination } from "./suite.ts";

describeCoordination("memory", async () => {
  const environment = createNodeEnvironment();
  const wakeUps = new InProcessWakeUps(environment.clock, environment.timers);
  const memory = createMemoryStorage({ dropsExpiredEntries: false, wallMs: () => environment.clock.wallMs() });
  const storage = { ...memory.storage, ...environment, wakeUps };
  const services = createServices(storage);
  let isClosing = false;
  wakeUps.onWake(
    (duty) =>
      void doDuty(services.duties, duty).catch((cause: unknown) => {
        if (!isClosing) throw cause;
      }),
  );
  return {
    services,
    other: createServices(storage),
    close: async () => {
      isClosing = true;
      wakeUps.close();
      await memory.close();
    },
  };
});
