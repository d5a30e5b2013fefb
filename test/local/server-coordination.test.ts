/** Sessions, znodes, elections and locks over real connections. */
import { afterEach, describe, expect, test } from "vitest";
import type { AccessSettings } from "../../functions/http/caller.ts";
import { type RunningServer, startServer } from "../../local/server.ts";
import type { CallContext } from "../../shared/services/coordination.ts";
import { observedServices } from "../functions/observed-services.ts";
import { realTimeStorage } from "../functions/real-time-storage.ts";

const open: RunningServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (server) => server.close()));
});

async function start(access: AccessSettings = {}) {
  const observed = observedServices(realTimeStorage());
  const { services } = observed;
  const server = await startServer({ services, host: "127.0.0.1", port: 0, access });
  open.push(server);
  return { ...observed, server };
}

describe("coordination through the local server", () => {
  const json = { "content-type": "application/json" };

  test("keeps a session and its znodes, and hands the lock on", async () => {
    const { server } = await start();
    const base = `${server.url}/v1/default`;
    const call = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
      const sent = body === undefined ? { method, headers } : { method, headers: { ...json, ...headers } };
      const answer = await fetch(`${base}${path}`, {
        ...sent,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      expect(answer.status, text).toBeLessThan(300);
      return (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    };
    const { sessionId, password } = await call("POST", "/sessions", { timeoutMs: 20_000 });
    const session = { "x-streamkeeper-session": `${String(sessionId)}:${String(password)}` };
    await call("POST", "/znodes/a", {});
    expect(await call("POST", "/znodes/a/gr%C3%BCn%2525", { data: "x", mode: "ephemeral" }, session)).toMatchObject({
      path: "/a/grün%25",
      stat: { ephemeralOwner: sessionId },
    });
    expect(await call("PUT", "/znodes/a/gr%C3%BCn%2525", { data: "y" })).toMatchObject({ stat: { version: 1 } });
    expect(await call("POST", "/locks/door/acquire", undefined, session)).toMatchObject({ acquired: true });
    expect(await call("POST", "/elections/e/campaign", {}, session)).toMatchObject({ leader: true });
    expect(await call("POST", `/sessions/${String(sessionId)}/heartbeat`, undefined, session)).toMatchObject({
      sessionId,
    });
    await call("DELETE", `/sessions/${String(sessionId)}`, undefined, session);
    expect(await call("GET", "/znodes/a?view=count")).toMatchObject({ count: 0 });
    expect(await call("GET", "/locks/door")).toEqual({ holders: [], waiting: 0 });
  });

  test("knows the other end of the connection, whatever a header says, and who proves to be the superuser", async () => {
    const { server } = await start({ superDigest: "super:D/InIHSb7yEEbrWz8b9l71RjZJU=" });
    const headers = {
      "x-forwarded-for": "10.0.0.1",
      forwarded: "for=10.0.0.1",
      "x-streamkeeper-auth": `digest ${Buffer.from("super:test").toString("base64")}`,
    };
    const answer = await fetch(`${server.url}/v1/default/whoami`, { headers });
    expect(await answer.json()).toEqual({
      identities: [
        { scheme: "ip", id: "127.0.0.1" },
        { scheme: "digest", id: "super:D/InIHSb7yEEbrWz8b9l71RjZJU=" },
        { scheme: "super", id: "" },
      ],
    });
  });

  test.each([
    ["changes.changes", "/changes?since=0&waitMs=20000", 1],
    ["elections.observe", "/elections/e/observe?since=0&waitMs=20000", 2],
  ] as const)("ends the wait of %s when the client hangs up, and when the server closes", async (name, path, at) => {
    const { server, replace } = await start();
    const ended: unknown[] = [];
    let waiting = 0;
    replace(name, async (...args: readonly (CallContext | { readonly signal?: AbortSignal } | string)[]) => {
      const { signal } = args[at] as { readonly signal?: AbortSignal };
      waiting += 1;
      return new Promise((_, reject) =>
        signal?.addEventListener("abort", () => {
          ended.push(signal.reason);
          reject(signal.reason as Error);
        }),
      );
    });
    const controller = new AbortController();
    const hangsUp = fetch(`${server.url}/v1/default${path}`, { signal: controller.signal });
    await expect.poll(() => waiting).toBe(1);
    controller.abort();
    await expect(hangsUp).rejects.toThrow();
    await expect.poll(() => ended).toMatchObject([{ message: "the client is gone" }]);
    const stays = fetch(`${server.url}/v1/default${path}`);
    await expect.poll(() => waiting).toBe(2);
    await server.close();
    expect((await stays).status).toBe(429);
  });
});

test("closing answers long polls of coordination at once, with what there is", async () => {
  const { server, services, calls } = await start();
  const { sessionId, password } = await services.sessions.create("default", { timeoutMs: 20_000 });
  const held = { namespace: "default", identities: [], session: { sessionId, password } };
  await services.locks.acquire(held, "door", { contenderId: "holder", mode: "write", waitMs: 0 });
  const { zxid } = await services.znodes.exists(held, "/");
  calls.length = 0;
  const base = `${server.url}/v1/default`;
  const headers = {
    "content-type": "application/json",
    "x-streamkeeper-session": `${sessionId}:${Buffer.from(password).toString("base64url")}`,
  };
  const body = JSON.stringify({ contenderId: "waiter", waitMs: 20_000 });
  const polls = [
    fetch(`${base}/changes?since=${zxid}&path=/quiet&waitMs=20000`),
    fetch(`${base}/locks/door/acquire`, { method: "POST", headers, body }),
  ];
  await expect.poll(async () => (await services.locks.describe(held, "door")).waiting, { timeout: 5_000 }).toBe(1);
  await expect.poll(() => calls.some(({ name }) => name === "changes.changes")).toBe(true);
  const closedAt = performance.now();
  await server.close();
  const answers = await Promise.all(polls);
  expect(performance.now() - closedAt).toBeLessThan(2_000);
  expect(await Promise.all(answers.map(async (answer) => [answer.status, await answer.json()]))).toEqual([
    [200, { events: [], zxid: expect.any(Number) }],
    [200, { acquired: false }],
  ]);
  expect((await services.locks.describe(held, "door")).waiting).toBe(0);
});
