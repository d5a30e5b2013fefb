/**
 * Lets Kafka's own classes write messages of every API and version that the gateway describes. Needs Java 17 and Maven:
 *
 *     node test/peers/kafka-messages.ts [folder]
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { servedApis } from "../../gateway/kafka/api-list.ts";
import { output } from "./java-peer.ts";

const here = import.meta.dirname;
const classes = join(tmpdir(), "streamkeeper-record-peer");
const folder = process.argv[2] ?? join(here, "..", "fixtures", "kafka-messages");

const lines = [...servedApis.values()].map(({ api }) => `${api.key} ${api.name} ${api.versions.join(" ")}`);
mkdirSync(folder, { recursive: true });
output("mvn", ["-q", "-B", "package"], { cwd: join(here, "java") });
const { status, stderr } = spawnSync(
  "java",
  [
    "-Xmx512m",
    "-cp",
    [join(classes, "classes"), join(classes, "lib", "*")].join(":"),
    "streamkeeper.peers.GenerateMessageFixtures",
    folder,
  ],
  { input: `${lines.join("\n")}\n`, encoding: "utf8" },
);
if (status !== 0) throw new Error(`java ended with ${status}: ${stderr}`);
process.stdout.write(`Kafka's classes wrote messages of ${lines.length} APIs.\n`);
