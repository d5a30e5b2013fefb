import { describe, expect, test } from "vitest";
import { GroupBed, group } from "../group-bed.ts";

describe("resetting offsets", () => {
  const reset = async (body: object) => {
    const bed = new GroupBed();
    await bed.createTopic();
    await bed.commit();
    return bed.send({ id: "resetGroupOffsets", params: group, body });
  };

  test.each<[object, string]>([
    [{ to: "timestamp" }, "timestampMs"],
    [{ to: "offset" }, "offset"],
    [{ to: "shift" }, "by"],
    [{ to: "earliest", offset: 1 }, "offset"],
    [{ to: "offset", offset: 1, by: 1 }, "by"],
  ])("%j is refused by its field", async (body, field) => {
    expect((await reset(body)).json).toMatchObject({ error: "INVALID_REQUEST", details: { in: "body", field } });
  });

  test.each<[object, number]>([
    [{ to: "earliest" }, 0],
    [{ to: "latest" }, 0],
    [{ to: "timestamp", timestampMs: 1 }, 0],
    [{ to: "offset", offset: 9 }, 0],
    [{ to: "shift", by: -1 }, 0],
  ])("%j is within the log", async (body, to) => {
    expect((await reset(body)).json).toEqual({ results: [{ topic: "orders", partition: 0, from: 1, to }] });
  });
});

test("a group whose id has spaces, dots and other scripts is addressed percent-encoded", async () => {
  const bed = new GroupBed();
  await bed.createTopic();
  const id = "a b.c%é漢";
  const params = { group: encodeURIComponent(id) };
  await bed.ok({ id: "joinGroup", params, body: { topics: ["orders"] } });
  expect(await bed.ok({ id: "describeGroup", params })).toMatchObject({ group: id, members: 1 });
});
