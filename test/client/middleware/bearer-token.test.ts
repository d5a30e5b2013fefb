import { expect, test } from "vitest";
import { ListTopicsCommand, StreamkeeperClient } from "../../../client/index.ts";
import { answer, ScriptedServer } from "../scripted-server.ts";

test("a token goes with each attempt, asked for anew", async () => {
  let asked = 0;
  await using server = await ScriptedServer.start((response, request) =>
    answer(asked === 1 ? 503 : 200, { topics: [] })(response, request),
  );
  using client = new StreamkeeperClient({ endpoint: server.endpoint, token: () => Promise.resolve(`t${++asked}`) });
  await client.send(new ListTopicsCommand({}));
  expect(server.seen.map(({ headers }) => headers["authorization"])).toEqual(["Bearer t1", "Bearer t2"]);
});

test("a token and a signature exclude each other", () => {
  const credentials = { accessKeyId: "a", secretAccessKey: "s" };
  const options = { endpoint: "https://a.example", token: "t", credentials, region: "eu-west-1" };
  expect(() => new StreamkeeperClient(options)).toThrow(TypeError);
});
