import { expect, test } from "vitest";
import type { LogId } from "../../../../shared/storage/log-store.ts";
import { createNodeEnvironment } from "../../../../shared/storage/node/node-environment.ts";

test("sleeps longer than one of Node's timers can", async () => {
  const { timers } = createNodeEnvironment();
  const controller = new AbortController();
  const sleeping = timers.sleep(2 ** 31 + 5, controller.signal);
  const woken = await Promise.race([sleeping.then(() => "woken"), timers.sleep(20).then(() => "asleep")]);
  expect(woken).toBe("asleep");
  controller.abort(new Error("enough"));
  await expect(sleeping).rejects.toThrow("enough");
});

test("makes a notifier of its own at each call", async () => {
  const first = createNodeEnvironment();
  const second = createNodeEnvironment();
  const logId = "tree:default" as LogId;
  const waiting = second.notifier.wait(logId, 0, 30).then(() => "late");
  first.notifier.notify(logId, 1);
  expect(await Promise.race([waiting, first.timers.sleep(10).then(() => "still waiting")])).toBe("still waiting");
  await waiting;
});
