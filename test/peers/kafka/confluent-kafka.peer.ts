/** confluent-kafka for Python, which is librdkafka: the version that Debian's kcat has too, and the current one. */
import { describeClients } from "./client-suite.ts";
import { crc32Partition } from "./partitioners.ts";
import { pythonProgram } from "./python/python-program.ts";

describeClients([
  {
    name: "confluent-kafka-2.16.1",
    install: () => pythonProgram("with_confluent_kafka", "current"),
    partitionOf: crc32Partition,
    hasIdempotence: true,
    admin: { also: { "partitions as described": 5 } },
    transactions: {},
    protocols: ["range", "roundrobin", "cooperative-sticky", "consumer"],
    staticProtocols: ["range", "cooperative-sticky", "consumer"],
  },
  {
    name: "confluent-kafka-2.0.2",
    install: () => pythonProgram("with_confluent_kafka", "old"),
    partitionOf: crc32Partition,
    hasIdempotence: true,
    admin: {
      without: [
        "low watermark after deleting records",
        "earliest after deleting records",
        "cluster has nodes and a controller",
      ],
    },
    time: { without: ["offsets as listed"] },
    transactions: {},
    protocols: ["range", "roundrobin", "cooperative-sticky"],
    staticProtocols: ["range", "cooperative-sticky"],
  },
]);
