import { expect, test } from "vitest";
import type { Storage } from "../../../../shared/storage/storage.ts";
import type { LogId } from "../../../../shared/storage/log-store.ts";
import { expectBytes, patternBytes } from "../contract/samples.ts";
import { startScript } from "./child-process.ts";
import { openForTest, testFolder } from "./data-folder.ts";

const kinds = ["entry", "item", "blob"];

async function expectAnswered(storage: Storage, runId: string, lines: readonly string[]): Promise<void> {
  const tails = new Map<number, number>();
  const counts = new Map<number, number>();
  for (const line of lines) {
    const [kind = "", name = "", number = ""] = line.split(" ");
    if (kind === "entry") tails.set(Number(name), Number(number) + 1);
    else if (kind === "item") counts.set(Number(name), Number(number));
    else if (kind === "blob") {
      expectBytes(await storage.blobs.get(name), patternBytes(50_000, Number(name.split("/").at(-1))));
    }
  }
  for (const [writer, tail] of tails) {
    const logId = `partition:${runId}:${writer}` as LogId;
    for (let position = 0; position < tail; position++) {
      const entry = await storage.logs.readAt(logId, position);
      expect(entry?.position).toBe(position);
      const bytes = entry?.payload.kind === "inline" ? entry.payload.bytes : undefined;
      expectBytes(bytes, patternBytes(200 + (position % 7) * 1_000, position));
    }
  }
  for (const [writer, count] of counts) {
    const item = await storage.items.get({ partition: runId, sort: String(writer) });
    expect(item?.attributes["count"]).toBeGreaterThanOrEqual(count);
    expect(item?.attributes["count"]).toBe(item?.version);
  }
}

test("keeps all that was answered when the process is killed, time after time", async () => {
  const dataFolder = await testFolder();
  const answered: { readonly runId: string; readonly lines: readonly string[] }[] = [];
  for (const [runId, linesMin, ...generationBytes] of [
    ["a", 50],
    ["b", 300, "20000"],
    ["c", 3_000, "200000"],
    ["d", 700],
    ["e", 1_000, "5000"],
  ] as const) {
    const writer = startScript("writer-process.ts", [dataFolder, runId, ...generationBytes]);
    await writer.until(linesMin);
    await expect.poll(() => kinds.every((kind) => writer.lines().some((line) => line.startsWith(kind)))).toBe(true);
    await writer.kill();
    answered.push({ runId, lines: writer.lines() });
  }
  const { storage } = await openForTest(dataFolder);
  for (const { runId, lines } of answered) {
    await expectAnswered(storage, runId, lines);
  }
});
