import { expect, test } from "vitest";
import { isServiceException, ServiceRegistry } from "../../../client/index.ts";
import { until } from "../coordination/own-client.ts";
import { twoSessions } from "./two-sessions.ts";

const at = twoSessions();

test("shows who is there, as long as the session is", async () => {
  const { own, session } = at();
  const seen: string[] = [];
  const ended = new AbortController();
  const registry = new ServiceRegistry(own.another().znodes());
  const watching = (async () => {
    for await (const instances of registry.watch("shop", { signal: ended.signal })) {
      seen.push(instances.map(({ id, payload }) => `${id}=${JSON.stringify(payload)}`).join(","));
    }
  })();
  const mortal = await own.another().session({ timeoutMs: 5_000 });
  const a = await new ServiceRegistry(own.client.znodes({ session })).register("shop", {
    id: "a",
    payload: { port: 1 },
  });
  await new ServiceRegistry(own.client.znodes({ session: mortal })).register("shop", { id: "b", payload: null });
  expect(await registry.discover("shop")).toEqual([
    { id: "a", payload: { port: 1 } },
    { id: "b", payload: null },
  ]);
  await until(() => seen.includes('a={"port":1},b=null'));
  await mortal.close();
  await until(() => seen.at(-1) === 'a={"port":1}');
  await a.update({ port: 2 });
  await until(() => seen.at(-1) === 'a={"port":2}');
  await a[Symbol.asyncDispose]();
  await until(() => seen.at(-1) === "");
  expect(a.signal.aborted).toBe(true);
  ended.abort();
  await watching;
});

test("lets the process that comes back take the place of the one before, which can change it no more", async () => {
  const { own, session, other } = at();
  const before = await new ServiceRegistry(own.client.znodes({ session })).register("api", { id: "1", payload: "old" });
  const registry = new ServiceRegistry(own.client.znodes({ session: other }));
  await using _ = await registry.register("api", { id: "1", payload: "new" });
  const late = await before.update("late").catch((error: unknown) => error);
  expect(isServiceException(late, "FENCED")).toBe(true);
  expect(await registry.discover("api")).toEqual([{ id: "1", payload: "new" }]);
});

test("needs a session to register, none to look, and knows of nobody where nobody was", async () => {
  const registry = new ServiceRegistry(at().own.client.znodes());
  await expect(registry.register("x", { id: "1", payload: 1 })).rejects.toBeInstanceOf(TypeError);
  expect(await registry.discover("x")).toEqual([]);
});
