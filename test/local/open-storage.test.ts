import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test, vi } from "vitest";
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

test("what a command changes on AWS asks for a sweep, though the command is over by then", async () => {
  const asked: string[] = [];
  const scheduler = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.replace(/\d+$/, "<n>")}`);
    response.setHeader("content-type", "application/json").end("{}");
  });
  await new Promise<void>((resolve) => scheduler.listen(0, "127.0.0.1", resolve));
  const { port } = scheduler.address() as AddressInfo;
  const arns = { roleArn: "r", sweepArn: "s", dutyQueueArn: "d", expiryQueueArn: "e", failedQueueArn: "f" };
  const variables = {
    AWS_ACCESS_KEY_ID: "id",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_REGION: "eu-central-1",
    AWS_ENDPOINT_URL_SCHEDULER: `http://127.0.0.1:${port}`,
    STREAMKEEPER_LOG_TABLE: "log",
    STREAMKEEPER_ITEM_TABLE: "items",
    STREAMKEEPER_BUCKET: "bucket",
    STREAMKEEPER_DUTY_QUEUE_URL: "http://127.0.0.1:1/duties",
    STREAMKEEPER_SCHEDULES: JSON.stringify({ group: "g", ...arns }),
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  try {
    const { storage, close } = await openStorage("aws", "");
    await storage.wakeUps.arm?.();
    await close();
  } finally {
    vi.unstubAllEnvs();
    scheduler.close();
  }
  expect(asked).toEqual(["POST /schedules/sweep-<n>"]);
});
