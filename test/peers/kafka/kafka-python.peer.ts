/** kafka-python: 2.0.2, which is the most widely used one, and the current one. */
import { describeClients } from "./client-suite.ts";
import { murmur2Partition } from "./partitioners.ts";
import { pythonProgram } from "./python/python-program.ts";

describeClients([
  {
    name: "kafka-python-3.0.12",
    install: () => pythonProgram("with_kafka_python", "current"),
    partitionOf: murmur2Partition,
    hasIdempotence: true,
    admin: { also: { "partitions as described": 5 } },
    time: { also: { "offsets of the reset": [4, 0] } },
    transactions: {},
    protocols: ["range", "roundrobin", "sticky", "cooperative-sticky"],
    staticProtocols: ["range"],
  },
  {
    name: "kafka-python-2.0.2",
    install: () => pythonProgram("with_kafka_python", "old"),
    partitionOf: murmur2Partition,
    hasIdempotence: false,
    admin: {
      without: [
        "low watermark after deleting records",
        "earliest after deleting records",
        "cluster has nodes and a controller",
      ],
    },
    time: { without: ["offsets as listed"] },
    transactions: undefined,
    // Its sticky assignor fails on itself: it sends a dictionary's iterator.
    protocols: ["range", "roundrobin"],
    staticProtocols: [],
  },
]);
