import { DeleteMessageCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { createReapHandler } from "../../functions/reap.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import { createSqsClient } from "../../shared/storage/aws/sqs-client.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import { startDynoxide } from "../emulators/dynamodb-emulator.ts";
import { createEmulatedResources, openEmulatedStorage } from "../emulators/emulated-storage.ts";
import { emulatorCredentials, emulatorRegion, startEmulators } from "../emulators/emulators.ts";
import { describeCoordination } from "./suite.ts";

describeCoordination("aws", async () => {
  const emulators = await startEmulators({ dynamoDb: startDynoxide });
  const names = await createEmulatedResources(emulators, createNodeEnvironment(), "coordination");
  // Each process hears nothing of the other but what is stored.
  const open = () => openEmulatedStorage(emulators, createNodeEnvironment(), names);
  const [storage, otherStorage] = [open(), open()];
  const services = createServices(storage);
  const deliveries = new Deliveries(emulators.endpoints.sqs, names.expiryQueueUrl ?? "", services);
  return {
    services,
    other: createServices(otherStorage),
    close: async () => {
      await deliveries.stop();
      await Promise.all([storage.close(), otherStorage.close()]);
      await emulators.stop();
    },
  };
});

/** What Lambda does with the expiry queue: hands each message to the function, and deletes what it did. */
class Deliveries {
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;

  constructor(endpoint: string, queueUrl: string, services: Services) {
    this.#running = this.#run(endpoint, queueUrl, services);
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error("the test is over"));
    await this.#running;
  }

  async #run(endpoint: string, queueUrl: string, services: Services): Promise<void> {
    const { clock } = createNodeEnvironment();
    const sqs = createSqsClient({ clock, endpoint, region: emulatorRegion, credentials: emulatorCredentials });
    const reap = createReapHandler(services);
    while (!this.#stopped.signal.aborted) {
      const receive = new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 1, MaxNumberOfMessages: 10 });
      const { Messages: messages = [] } = await sqs.send(receive).catch(() => ({ Messages: [] }));
      for (const { Body: body = "", MessageId: messageId = "", ReceiptHandle } of messages) {
        const { batchItemFailures } = await reap({ Records: [{ body, messageId }] } as never, {});
        if (batchItemFailures.length > 0) continue;
        await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
      }
    }
    sqs.destroy();
  }
}
