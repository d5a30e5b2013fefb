/** The messages in `test/fixtures/kafka-messages` are what Kafka's own classes write. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { output, requireJava } from "./java-peer.ts";

const runMsMax = 10 * 60_000;
const fixtures = join(import.meta.dirname, "..", "fixtures", "kafka-messages");

test("the messages are what Kafka's own classes write", { timeout: runMsMax }, () => {
  requireJava();
  const folder = mkdtempSync(join(tmpdir(), "streamkeeper-messages-"));
  try {
    output(process.execPath, [join(import.meta.dirname, "kafka-messages.ts"), folder], { cwd: folder });
    const names = readdirSync(folder);
    expect(names.length).toBeGreaterThan(0);
    expect(
      readdirSync(fixtures)
        .filter((name) => name.endsWith(".json"))
        .toSorted(),
    ).toEqual(names.toSorted());
    for (const name of names) {
      expect(readFileSync(join(folder, name), "utf8"), name).toBe(readFileSync(join(fixtures, name), "utf8"));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
