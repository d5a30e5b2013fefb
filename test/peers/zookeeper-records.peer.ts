/** The records in `test/gateway/zookeeper/fixtures` are what ZooKeeper's own classes write. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { output } from "./java-peer.ts";

const runMsMax = 10 * 60_000;
const fixtures = join(import.meta.dirname, "..", "gateway", "zookeeper", "fixtures", "records.json");

test("the records are what ZooKeeper's own classes write", { timeout: runMsMax }, () => {
  const folder = mkdtempSync(join(tmpdir(), "streamkeeper-records-"));
  try {
    const file = join(folder, "records.json");
    output(process.execPath, [join(import.meta.dirname, "zookeeper-records.ts"), file], { cwd: folder });
    expect(readFileSync(file, "utf8")).toBe(readFileSync(fixtures, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
