/** franz-go, for Go. */
import { describeClients } from "./client-suite.ts";
import { goProgram } from "./go/go-program.ts";
import { murmur2Partition } from "./partitioners.ts";

describeClients([
  {
    name: "franz-go-1.22.2",
    install: goProgram,
    partitionOf: murmur2Partition,
    hasIdempotence: true,
    transactions: {
      without: ["group's offset after commit", "group's offset after abort"],
      also: { "transformed once": 15, "offsets of the transformation reach the end": true },
    },
    protocols: ["range", "sticky", "cooperative-sticky", "consumer"],
    // In KIP-848's protocol it leaves without its instance id, which Kafka refuses, so that its successor cannot join.
    staticProtocols: ["range", "cooperative-sticky"],
  },
]);
