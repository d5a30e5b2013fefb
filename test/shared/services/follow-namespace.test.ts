import { expect, test } from "vitest";
import { treesPerProcessMax } from "../../../shared/limits.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { create } from "../tree/operations.ts";
import { zxidsOf } from "../tree/following.ts";
import type { ZxidEvents } from "../../../shared/tree/recent-changes.ts";

test("a namespace that is not there cannot be followed", async () => {
  const services = createServices(createMemoryStorage().storage);
  await expect(services.follow("absent", () => undefined)).rejects.toMatchObject({ code: "UNKNOWN_NAMESPACE" });
});

test("what the services of the process write is heard at once, however many namespaces they use", async () => {
  const services = createServices(createMemoryStorage().storage);
  const heard: ZxidEvents[] = [];
  const follower = await services.follow("default", (changes) => heard.push(...changes));
  for (let index = 0; index < treesPerProcessMax; index += 1) {
    await services.namespaces.create(`n${index}`);
  }
  await services.znodes.create(
    { namespace: "default", identities: [] },
    { path: "/a", data: null, mode: "persistent" },
  );
  expect(zxidsOf(heard)).toEqual([1]);
  expect(follower.view?.node("/a")).toBeDefined();
  await follower.write({ operations: [create("/b")] });
  expect(zxidsOf(heard)).toEqual([1, 2]);
  follower.close();
  follower.close();
  expect(follower.view).toBeUndefined();
  await services.znodes.create(
    { namespace: "default", identities: [] },
    { path: "/c", data: null, mode: "persistent" },
  );
  expect(zxidsOf(heard)).toEqual([1, 2]);
});
