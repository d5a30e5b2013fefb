import { expect, test } from "vitest";
import { openStorage } from "../../local/open-storage.ts";

test("a blob in memory is as old as it is by this machine's clock: the collector takes none for an orphan of long ago", async () => {
  const { storage, close } = await openStorage("memory", "");
  try {
    await storage.blobs.put("hot/t/0/a", [Uint8Array.of(1)]);
    const { blobs } = await storage.blobs.list("hot/", { limit: 1 });
    const ageMs = storage.clock.wallMs() - (blobs[0]?.modifiedAtMs ?? 0);
    expect(ageMs).toBeGreaterThan(-1_000);
    expect(ageMs).toBeLessThan(60_000);
  } finally {
    await close();
  }
});
