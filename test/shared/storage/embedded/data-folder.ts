import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type EmbeddedStorage, openEmbeddedStorage } from "../../../../shared/storage/embedded/embedded-storage.ts";

export async function temporaryFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "streamkeeper-embedded-"));
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** A folder that is deleted when the test ends. */
export async function testFolder(): Promise<string> {
  const folder = await temporaryFolder();
  onTestFinished(() => removeFolder(folder));
  return folder;
}

/** Storage that is closed when the test ends. */
export async function openForTest(dataFolder: string): Promise<EmbeddedStorage> {
  const embedded = await openEmbeddedStorage({ dataFolder });
  onTestFinished(() => embedded.close());
  return embedded;
}
