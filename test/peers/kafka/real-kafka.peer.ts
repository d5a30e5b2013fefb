/** The broker that the other tests with Kafka's clients are compared with. */
import { expect, test } from "vitest";
import { runKafkaTool, startRealKafka } from "./real-kafka.ts";

test("a real Kafka starts, answers Kafka's tools, and is gone when it is stopped", { timeout: 600_000 }, async () => {
  const kafka = await startRealKafka({ flushesEveryAppend: true });
  const server = ["--bootstrap-server", kafka.bootstrap];
  try {
    const create = [...server, "--create", "--topic", "lines", "--partitions", "1"];
    expect(await runKafkaTool("org.apache.kafka.tools.TopicCommand", create)).toMatchObject({ status: 0 });
    const produce = [...server, "--topic", "lines"];
    const produced = await runKafkaTool("org.apache.kafka.tools.ConsoleProducer", produce, { stdin: "one\ntwo\n" });
    expect(produced).toMatchObject({ status: 0, stderr: "" });
    const consume = [...server, "--topic", "lines", "--from-beginning", "--max-messages", "2"];
    const { stdout } = await runKafkaTool("org.apache.kafka.tools.consumer.ConsoleConsumer", consume);
    expect(stdout).toBe("one\ntwo\n");
  } finally {
    await kafka.stop();
  }
  const list = [...server, "--list", "--command-config", "/dev/null"];
  await expect(runKafkaTool("org.apache.kafka.tools.TopicCommand", list, { timeoutMs: 5_000 })).rejects.toThrow(
    "not ended",
  );
});
