import { expect, test } from "vitest";
import { treesPerProcessMax } from "../../../shared/limits.ts";
import { TreeRegistry } from "../../../shared/services/tree-registry.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { create } from "../tree/operations.ts";

test("a registry keeps the trees that were used last, and one that it dropped loses nothing", async () => {
  const trees = new TreeRegistry(createMemoryStorage().storage);
  const first = trees.tree("n0");
  const writing = first.write({ operations: [create("/a")] });
  const second = trees.tree("n1");
  for (let index = 2; index < treesPerProcessMax; index += 1) trees.tree(`n${index}`);
  expect(trees.tree("n0")).toBe(first);
  trees.tree("one too many");
  expect(trees.tree("n0")).toBe(first);
  expect(trees.tree("n1")).not.toBe(second);
  for (let index = 0; index < treesPerProcessMax; index += 1) trees.tree(`m${index}`);
  expect(trees.tree("n0")).not.toBe(first);
  expect((await writing).kind).toBe("done");
  expect((await trees.tree("n0").read()).node("/a")).toBeDefined();
});

test("a tree that somebody holds is never dropped, and may be once nobody does", () => {
  const trees = new TreeRegistry(createMemoryStorage().storage);
  const first = trees.hold("held");
  const second = trees.hold("held");
  const useOthers = (): void => {
    for (let index = 0; index <= treesPerProcessMax; index += 1) trees.tree(`n${index}`);
  };
  useOthers();
  first.release();
  useOthers();
  expect(trees.tree("held")).toBe(second.tree);
  second.release();
  useOthers();
  expect(trees.tree("held")).not.toBe(second.tree);
});
