import { expect, test } from "vitest";
import { paginateListNamespaces, paginateListTopics, StreamkeeperClient } from "../../client/index.ts";
import { answer, ScriptedServer } from "./scripted-server.ts";

const summary = (name: string) => ({ name, topicId: `id-${name}`, partitions: 1 });

test("a paginator asks for page after page until the last", async () => {
  await using server = await ScriptedServer.start([
    answer(200, { topics: [summary("a"), summary("b")], nextToken: "x y" }),
    answer(200, { topics: [], nextToken: "z" }),
    answer(200, { topics: [summary("c")] }),
  ]);
  using client = new StreamkeeperClient({ endpoint: server.endpoint });
  const names: string[] = [];
  for await (const page of paginateListTopics({ client }, { limit: 2 })) {
    names.push(...page.topics.map((topic) => topic.name));
  }
  expect(names).toEqual(["a", "b", "c"]);
  expect(server.seen.map((seen) => seen.url)).toEqual([
    "/v1/default/topics?limit=2",
    "/v1/default/topics?limit=2&nextToken=x%20y",
    "/v1/default/topics?limit=2&nextToken=z",
  ]);
});

test("a paginator stops when its caller does", async () => {
  await using server = await ScriptedServer.start(answer(200, { namespaces: [], nextToken: "n" }));
  using client = new StreamkeeperClient({ endpoint: server.endpoint });
  for await (const _ of paginateListNamespaces({ client })) break;
  expect(server.seen).toHaveLength(1);
});

test("a paginator does not go round in circles", async () => {
  await using server = await ScriptedServer.start(answer(200, { topics: [], nextToken: "same" }));
  using client = new StreamkeeperClient({ endpoint: server.endpoint });
  const all = async () => {
    for await (const page of paginateListTopics({ client })) expect(page.topics).toEqual([]);
  };
  await expect(all()).rejects.toThrow("comes after itself");
});
