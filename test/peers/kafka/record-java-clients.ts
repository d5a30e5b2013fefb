/** Writes down what Kafka's Java client sees of a real Kafka, which is then expected of ours. */
import { writeFile } from "node:fs/promises";
import { comparable, javaClientParts, recordedFile, runJavaClients } from "./java-clients.ts";
import { startRealKafka } from "./real-kafka.ts";

const prefix = "recorded";

for (const release of [4, 3] as const) {
  await using kafka = await startRealKafka();
  const steps = await runJavaClients(release, { bootstrap: kafka.bootstrap, prefix, parts: javaClientParts });
  await writeFile(recordedFile(release), `${JSON.stringify(comparable(steps, prefix), undefined, 2)}\n`);
}
