/** Kafka's Java client and we read the same from the same batches, theirs and ours. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { output, requireJava } from "./java-peer.ts";

const runMsMax = 10 * 60_000;
const here = import.meta.dirname;
const fixtures = join(here, "..", "fixtures", "record");
const work = join(tmpdir(), "streamkeeper-record-peer");

beforeAll(() => {
  requireJava();
  output("mvn", ["-q", "-B", "package"], { cwd: join(here, "java") });
}, runMsMax);

test("Kafka's Java client reads the batches that we make as we do", { timeout: runMsMax }, () => {
  const seed = String(Date.now() % 1_000_000);
  const written = output(process.execPath, [join(here, "record-batches.ts"), seed], { cwd: here });
  expect(written).toContain(`as we do (seed ${seed})`);
});

test("the fixtures are what Kafka's Java client makes", () => {
  const folder = mkdtempSync(join(tmpdir(), "streamkeeper-fixtures-"));
  try {
    const classPath = [join(work, "classes"), join(work, "lib", "*")].join(":");
    output("java", ["-cp", classPath, "streamkeeper.peers.GenerateRecordFixtures", folder], { cwd: here });
    // batches.json holds a batch that is dated by the clock, so it is not the same twice.
    for (const file of ["legacy.json", "snappy.json", "partitions.json"]) {
      expect(readFileSync(join(folder, file), "utf8"), file).toBe(readFileSync(join(fixtures, file), "utf8"));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
