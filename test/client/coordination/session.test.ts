import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ExistsZnodeCommand, isServiceException, SessionExpiredError } from "../../../client/index.ts";
import { ownClient, type OwnClient } from "./own-client.ts";

let own: OwnClient;
beforeAll(async () => {
  own = await ownClient();
});
afterAll(async () => own[Symbol.asyncDispose]());

test("outlives its timeout by its heartbeats, and takes its ephemerals along when it is closed", async () => {
  const session = await own.client.session({ timeoutMs: 1_000 });
  const znodes = own.client.znodes({ session });
  await znodes.create("/mine", { mode: "ephemeral" });
  await sleep(2_500);
  expect(session.state).toBe("open");
  const { stat } = await own.client.send(new ExistsZnodeCommand({ path: "/mine" }));
  expect(stat.ephemeralOwner).toBe(session.id);
  await session.close();
  await session.close();
  expect(session.signal.reason).toBeInstanceOf(SessionExpiredError);
  expect(await own.client.znodes().exists("/mine")).toBeUndefined();
});

test("can be taken up by another process with its credentials", async () => {
  const first = await own.client.session({ timeoutMs: 5_000 });
  const second = await own.another().session({ credentials: first.credentials });
  expect(second.timeoutMs).toBe(5_000);
  await second.close();
  const refused = await own
    .another()
    .session({ credentials: first.credentials })
    .catch((error: unknown) => error);
  expect(isServiceException(refused, "SESSION_EXPIRED")).toBe(true);
  await first.close();
});

test("gives itself up when nothing is answered for its timeout, before the service does", async () => {
  const session = await own.client.session({ timeoutMs: 1_000 });
  await own.client.znodes({ session }).create("/held", { mode: "ephemeral" });
  const begunMs = performance.now();
  own.cut = true;
  // Its last heartbeats may still have arrived: then the service ends it later, never sooner.
  await new Promise((resolve) => session.signal.addEventListener("abort", resolve, { once: true }));
  const tookMs = performance.now() - begunMs;
  own.cut = false;
  expect(tookMs).toBeLessThan(1_100);
  expect(session.state).toBe("expired");
  expect(() => session.requireOpen()).toThrow(SessionExpiredError);
  expect(await own.another().znodes().exists("/held")).toBeDefined();
});

test("bridges failures that are shorter than its timeout", async () => {
  const session = await own.client.session({ timeoutMs: 1_500 });
  for (let round = 0; round < 3; round += 1) {
    own.cut = true;
    await sleep(700);
    own.cut = false;
    await sleep(500);
  }
  expect(session.state).toBe("open");
  await session.close();
});

test("knows when the service says that it has ended", async () => {
  const session = await own.client.session({ timeoutMs: 5_000 });
  const same = await own.another().session({ credentials: session.credentials });
  await same.close();
  const refused = await own.client
    .znodes({ session })
    .create("/x")
    .catch((error: unknown) => error);
  expect(isServiceException(refused, "SESSION_EXPIRED")).toBe(true);
  expect(session.state).toBe("expired");
});
