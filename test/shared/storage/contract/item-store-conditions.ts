import { expect, test } from "vitest";
import type { Attributes, Condition, ItemStore } from "../../../../shared/storage/item-store.ts";
import { freshName, itemKey } from "./samples.ts";

type Op = "=" | "<" | "<=" | ">" | ">=";

function attribute(op: Op, value: string | number, orAbsent?: boolean): Condition {
  return { kind: "attribute", name: "value", op, value, ...(orAbsent === undefined ? {} : { orAbsent }) };
}

/** What is stored (undefined: no item), the conditions, and whether they hold. */
const table: readonly (readonly [string, Attributes | undefined, readonly Condition[], boolean])[] = [
  ["absent of no item", undefined, [{ kind: "absent" }], true],
  ["absent of an item", {}, [{ kind: "absent" }], false],
  ["exists of no item", undefined, [{ kind: "exists" }], false],
  ["exists of an item", {}, [{ kind: "exists" }], true],
  ["version of no item", undefined, [{ kind: "version", version: 1 }], false],
  ["the right version", {}, [{ kind: "version", version: 1 }], true],
  ["another version", {}, [{ kind: "version", version: 2 }], false],
  ["5 = 5", { value: 5 }, [attribute("=", 5)], true],
  ["5 = 6", { value: 5 }, [attribute("=", 6)], false],
  ["5 < 6", { value: 5 }, [attribute("<", 6)], true],
  ["5 < 5", { value: 5 }, [attribute("<", 5)], false],
  ["5 <= 5", { value: 5 }, [attribute("<=", 5)], true],
  ["5 <= 4", { value: 5 }, [attribute("<=", 4)], false],
  ["5 > 4", { value: 5 }, [attribute(">", 4)], true],
  ["5 > 5", { value: 5 }, [attribute(">", 5)], false],
  ["5 >= 5", { value: 5 }, [attribute(">=", 5)], true],
  ["5 >= 6", { value: 5 }, [attribute(">=", 6)], false],
  ["10 > 9, not as text", { value: 10 }, [attribute(">", 9)], true],
  ["2^53-1 > 2^53-2", { value: 2 ** 53 - 1 }, [attribute(">", 2 ** 53 - 2)], true],
  ["-1 < 0", { value: -1 }, [attribute("<", 0)], true],
  ["'b' > 'a'", { value: "b" }, [attribute(">", "a")], true],
  ["'b' = 'b'", { value: "b" }, [attribute("=", "b")], true],
  ["'10' > '9' as text", { value: "10" }, [attribute(">", "9")], false],
  ["text by its UTF-8 bytes", { value: "\u{1f600}" }, [attribute(">", "\uff5e")], true],
  ["a number against text", { value: 5 }, [attribute("=", "5")], false],
  ["text against a number", { value: "5" }, [attribute(">=", 0)], false],
  ["a missing attribute", { other: 1 }, [attribute("<", 6)], false],
  ["an attribute of no item", undefined, [attribute("<", 6)], false],
  ["a missing attribute, or absent", { other: 1 }, [attribute("<", 6, true)], true],
  ["an attribute of no item, or absent", undefined, [attribute("=", "x", true)], true],
  ["an attribute that fails, or absent", { value: 7 }, [attribute("<", 6, true)], false],
  ["an attribute of another type, or absent", { value: "7" }, [attribute("<", 6, true)], false],
  ["a range that holds", { value: 5 }, [attribute(">", 4), attribute("<", 6)], true],
  ["a range that fails at its end", { value: 6 }, [attribute(">", 4), attribute("<", 6)], false],
  ["a version and an attribute", { value: 6 }, [{ kind: "version", version: 1 }, attribute("=", 6)], true],
  ["a wrong version and an attribute", { value: 6 }, [{ kind: "version", version: 3 }, attribute("=", 6)], false],
];

export function itemStoreConditionContract(open: () => ItemStore): void {
  test.each(table)("decides an update on: %s", async (_title, stored, conditions, holds) => {
    const items = open();
    const key = itemKey(freshName());
    if (stored !== undefined) await items.update(key, { set: stored });
    const before = await items.get(key);
    const result = await items.update(key, { set: { changed: true } }, conditions);
    expect(result.applied).toBe(holds);
    const after = await items.get(key);
    if (holds) {
      expect(after).toEqual({ key, version: stored === undefined ? 1 : 2, attributes: { ...stored, changed: true } });
      return;
    }
    expect(after).toEqual(before);
    expect(result).toEqual(before === undefined ? { applied: false } : { applied: false, existing: before });
  });

  test.each(table)("decides a deletion on: %s", async (_title, stored, conditions, holds) => {
    const items = open();
    const key = itemKey(freshName());
    if (stored !== undefined) await items.update(key, { set: stored });
    const before = await items.get(key);
    const result = await items.delete(key, conditions);
    expect(result.applied).toBe(holds);
    expect(await items.get(key)).toEqual(holds ? undefined : before);
    if (!holds) expect(result.existing).toEqual(before);
  });

  test("lets exactly one of 16 concurrent creations win", async () => {
    const items = open();
    const key = itemKey(freshName());
    const results = await Promise.all(
      Array.from({ length: 16 }, (_, writer) => items.update(key, { set: { writer } }, [{ kind: "absent" }])),
    );
    expect(results.filter((result) => result.applied)).toHaveLength(1);
    const item = await items.get(key);
    expect(item?.version).toBe(1);
    for (const result of results) {
      if (result.applied) expect(result.item).toEqual(item);
      else expect(result.existing).toEqual(item);
    }
  });

  test("lets exactly one of 16 concurrent updates of each version win", async () => {
    const items = open();
    const key = itemKey(freshName());
    await items.update(key, { set: { writer: -1 } });
    for (let version = 1; version <= 5; version++) {
      const results = await Promise.all(
        Array.from({ length: 16 }, (_, writer) =>
          items.update(key, { set: { writer } }, [{ kind: "version", version }]),
        ),
      );
      const winners = results.flatMap((result, writer) => (result.applied ? [writer] : []));
      expect(winners).toHaveLength(1);
      expect(await items.get(key)).toEqual({ key, version: version + 1, attributes: { writer: winners[0] } });
    }
  });

  test("lets a lease be taken over only by one of several that see it expired", async () => {
    const items = open();
    const key = itemKey(freshName());
    await items.update(key, { set: { owner: "a", value: 100 } });
    const takeOver = (owner: string): Promise<{ applied: boolean }> =>
      items.update(key, { set: { owner, value: 200 } }, [attribute("<=", 100)]);
    const results = await Promise.all(["b", "c", "d"].map(takeOver));
    expect(results.filter((result) => result.applied)).toHaveLength(1);
    expect((await items.update(key, { set: { value: 300 } }, [attribute("<=", 100)])).applied).toBe(false);
  });
}
