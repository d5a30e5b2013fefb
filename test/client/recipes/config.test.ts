import { expect, test } from "vitest";
import { Config, isServiceException, type ConfigChange } from "../../../client/index.ts";
import { until } from "../coordination/own-client.ts";
import { twoSessions } from "./two-sessions.ts";

const at = twoSessions();

interface Settings {
  readonly limit: number;
}

function parse(json: unknown): Settings {
  const { limit } = (json ?? { limit: 0 }) as { readonly limit?: unknown };
  if (typeof limit !== "number") throw new TypeError("limit must be a number");
  return { limit };
}

test("is typed, follows its znode, and keeps its value when what stands there cannot be read", async () => {
  const { own } = at();
  const changes: ConfigChange<Settings>[] = [];
  const path = "/settings/app";
  const listener = (change: ConfigChange<Settings>): void => void changes.push(change);
  await using config = await Config.open(own.client.znodes(), { path, parse, listener });
  expect(config.value).toEqual({ limit: 0 });
  await config.set({ limit: 1 });
  expect(config.value).toEqual({ limit: 1 });
  const znodes = own.another().znodes();
  await znodes.set(path, '{"limit":2}');
  await until(() => config.value.limit === 2);
  await znodes.set(path, "no JSON");
  await until(() => changes.some(({ kind }) => kind === "error"));
  expect(config.value).toEqual({ limit: 2 });
  expect(isServiceException(await config.set({ limit: 3 }).catch((error: unknown) => error), "BAD_VERSION")).toBe(true);
  await expect(config.set({ limit: "many" } as unknown as Settings)).rejects.toBeInstanceOf(TypeError);
  await znodes.delete(path);
  await until(() => config.value.limit === 0);
});

test("is up to date again after an outage", async () => {
  const { own } = at();
  const znodes = own.another().znodes();
  await znodes.create("/limits", { data: '{"limit":1}' });
  await using config = await Config.open(own.client.znodes(), { path: "/limits", parse });
  own.cut = true;
  for (let limit = 2; limit <= 50; limit += 1) await znodes.set("/limits", JSON.stringify({ limit }));
  expect(config.value).toEqual({ limit: 1 });
  own.cut = false;
  await until(() => config.value.limit === 50);
});

test("cannot be opened on what does not parse", async () => {
  const { own } = at();
  await own.client.znodes().create("/broken", { data: "{}" });
  await expect(Config.open(own.client.znodes(), { path: "/broken", parse })).rejects.toBeInstanceOf(TypeError);
});
