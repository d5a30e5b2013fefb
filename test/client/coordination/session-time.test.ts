import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { NoAnswerException, Session, SessionExpiredError } from "../../../client/index.ts";
import type { Command, CommandSender, SendOptions } from "../../../client/index.ts";
import { ManualTime } from "./manual-time.ts";

const timeoutMs = 3_000;
/** What becomes of one request: answered after so long, refused at once, or never answered. */
type Fate = number | Error | "never";

/** A service that answers by a script, in manual time; when the script is over it answers at once. */
class ScriptedService implements CommandSender {
  readonly time = new ManualTime();
  /** When which command was sent. */
  readonly sent: string[] = [];
  fates: Fate[] = [];

  async send<Input extends object, Output extends object>(
    command: Command<Input, Output>,
    options: SendOptions = {},
  ): Promise<Output & { readonly $metadata: { readonly attempts: number; readonly totalRetryDelayMs: number } }> {
    this.sent.push(`${this.time.nowMs()} ${command.name.replace("Command", "")}`);
    const fate = this.fates.shift() ?? 0;
    if (fate instanceof Error) throw fate;
    const { requestTimeoutMs = 32_000, abortSignal = new AbortController().signal } = options;
    const takesMs = fate === "never" ? Infinity : fate;
    await this.time.sleep(Math.min(takesMs, requestTimeoutMs), abortSignal);
    if (takesMs > requestTimeoutMs) throw new NoAnswerException("timeout", "for a test", true);
    if (abortSignal.aborted) throw new NoAnswerException("aborted", "for a test", true);
    const answer = { sessionId: "7", password: "p".repeat(22), timeoutMs, zxid: 1 };
    return { ...(answer as unknown as Output), $metadata: { attempts: 1, totalRetryDelayMs: 0 } };
  }
}

async function opened(service = new ScriptedService()) {
  const opening = Session.open(service, { time: service.time });
  await service.time.pass(0);
  return { service, time: service.time, session: await opening };
}

describe("heartbeats", () => {
  test("are sent at a third of the timeout, whatever their answers take", async () => {
    const { service, time, session } = await opened();
    service.fates = [400, 0, 0];
    await time.pass(4_500);
    expect(service.sent).toEqual([
      "0 CreateSession",
      "1000 Heartbeat",
      "2000 Heartbeat",
      "3000 Heartbeat",
      "4000 Heartbeat",
    ]);
    expect(session.state).toBe("open");
  });

  test("that are not answered are given up in time to be repeated", async () => {
    const { service, time, session } = await opened();
    service.fates = ["never"];
    await time.pass(2_900);
    expect(service.sent.slice(1)).toEqual(["1000 Heartbeat", "2250 Heartbeat"]);
    await time.pass(2_000);
    expect(session.state).toBe("open");
  });

  test("that fail are repeated soon, whatever failed", async () => {
    const { service, time, session } = await opened();
    service.fates = [new NoAnswerException("connect", "for a test", false), new TypeError("no credentials"), 0];
    await time.pass(2_000);
    expect(service.sent.slice(1)).toEqual(["1000 Heartbeat", "1250 Heartbeat", "1500 Heartbeat"]);
    expect(session.state).toBe("open");
  });

  test("begin at once when opening has taken long: by an earlier attempt the service may count less", async () => {
    const service = new ScriptedService();
    service.fates = [2_500];
    const opening = Session.open(service, { time: service.time });
    await service.time.pass(4_000);
    expect((await opening).state).toBe("open");
    expect(service.sent).toEqual(["0 CreateSession", "2500 Heartbeat", "3500 Heartbeat"]);
  });
});

describe("a session", () => {
  test("counts from when the last answered heartbeat was sent, not from its answer", async () => {
    const { service, time, session } = await opened();
    service.fates = [900, ...Array.from({ length: 20 }, () => "never" as const)];
    await time.pass(1_950);
    expect(session.signal.aborted).toBe(false);
    await time.pass(2_040);
    expect(session.signal.aborted).toBe(false);
    await time.pass(20);
    expect(session.signal.aborted).toBe(true);
    expect(session.signal.reason).toBeInstanceOf(SessionExpiredError);
    expect((session.signal.reason as Error).cause).toBeInstanceOf(NoAnswerException);
    const { length } = service.sent;
    await time.pass(10_000);
    expect(service.sent.length).toBe(length);
  });

  test("is over for whoever looks after a pause, before any timer has fired", async () => {
    const { time, session } = await opened();
    const { signal } = session;
    let isTold = false;
    signal.addEventListener("abort", () => (isTold = true));
    time.standStill(timeoutMs);
    expect(signal.aborted).toBe(false);
    expect(() => session.requireOpen()).toThrow(SessionExpiredError);
    expect(isTold).toBe(true);
    expect(session.state).toBe("expired");
  });

  test("is closed once, however often it is asked, and sends no heartbeat any more", async () => {
    const { service, time, session } = await opened();
    service.fates = [100];
    const closed = Promise.all([session.close(), session.close()]);
    await time.pass(5_000);
    await closed;
    await session.close();
    expect(service.sent).toEqual(["0 CreateSession", "0 CloseSession"]);
    expect(session.state).toBe("closed");
    await turn();
  });

  test("that has expired is not closed at the service: that would only tell what it knows", async () => {
    const { service, time, session } = await opened();
    time.standStill(timeoutMs);
    await session.close();
    expect(session.state).toBe("expired");
    expect(service.sent).toEqual(["0 CreateSession"]);
  });
});
