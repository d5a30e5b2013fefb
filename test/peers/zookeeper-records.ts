/**
 * Lets ZooKeeper's own classes write a record of each kind that the gateway describes. Needs Java 17 and Maven:
 *
 *     node test/peers/zookeeper-records.ts [file]
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileJava } from "./compile-java.ts";
import { fetchDependencies, output, requireJava } from "./java-peer.ts";

const here = join(import.meta.dirname, "zookeeper");
const fixtures = join(import.meta.dirname, "..", "gateway", "zookeeper", "fixtures", "records.json");
const file = process.argv[2] ?? fixtures;

requireJava();
const libraries = fetchDependencies(here);
const classes = compileJava(join(here, "records"), libraries);
const written = output("java", ["-Xmx256m", "-cp", `${classes}:${libraries}`, "WriteRecords"], { cwd: here });
const records = JSON.parse(written.slice(written.indexOf("{"), written.lastIndexOf("}") + 1)) as Record<string, string>;
writeFileSync(file, `${JSON.stringify(records, null, 2)}\n`);
process.stdout.write(`ZooKeeper's classes wrote ${Object.keys(records).length} records.\n`);
