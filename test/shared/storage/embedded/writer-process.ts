/**
 * A process of its own that opens a data folder and writes until it is killed. Each line it prints names something that
 * was answered: `entry <writer> <position>`, `item <writer> <count>`, `blob <key>`. A third argument says how many bytes a
 * generation of the write-ahead log has.
 */
import { writeSync } from "node:fs";
import { openEmbeddedStorage } from "../../../../shared/storage/embedded/embedded-storage.ts";
import type { LogId } from "../../../../shared/storage/log-store.ts";
import { patternBytes, sampleEntry } from "../contract/samples.ts";

const [dataFolder = "", runId = "", generationBytes = ""] = process.argv.slice(2);

/** Synchronously: what is printed has been answered, whatever happens next. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function writeEntries(writer: number): Promise<void> {
  const logId = `partition:${runId}:${writer}` as LogId;
  for (let position = 0; ; position++) {
    const payload = { kind: "inline", bytes: patternBytes(200 + (position % 7) * 1_000, position) } as const;
    await storage.logs.putIfAbsent(sampleEntry(logId, position, { payload }));
    say(`entry ${writer} ${position}`);
  }
}

async function countUp(writer: number): Promise<void> {
  for (let count = 1; ; count++) {
    await storage.items.update({ partition: runId, sort: String(writer) }, { add: { count: 1 } });
    say(`item ${writer} ${count}`);
  }
}

async function writeBlobs(writer: number): Promise<void> {
  for (let number = 0; ; number++) {
    const key = `hot/${runId}/${writer}/${number}`;
    await storage.blobs.put(key, [patternBytes(50_000, number)]);
    say(`blob ${key}`);
  }
}

const pace = { generationBytes: Number(generationBytes), generationKeys: 1_000 };
const { storage } = await openEmbeddedStorage({
  dataFolder,
  ...(generationBytes === "" ? {} : { checkpointPace: pace }),
});
say("open");
await Promise.all([0, 1, 2].flatMap((writer) => [writeEntries(writer), countUp(writer), writeBlobs(writer)]));
