import { expect, test } from "vitest";
import { createNotifyHandler } from "../../functions/notify.ts";
import { createPushHandler } from "../../functions/push.ts";
import type { WebSocketEvent } from "../../functions/push/websocket-event.ts";
import type { GrownLog } from "../../shared/services/push.ts";
import { startWithTopic } from "./start-functions.ts";

const subscriptions = "/v1/default/topics/orders/partitions/0/subscriptions";
const role = "arn:aws:sts::111122223333:assumed-role/reader";

function event(eventType: WebSocketEvent["requestContext"]["eventType"], body?: object, userArn?: string) {
  const identity = userArn === undefined ? {} : { userArn };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  return { requestContext: { eventType, connectionId: "c=", identity }, ...text };
}

test("a connection answers with its id, takes subscriptions of the role that opened it, and forgets them at its end", async () => {
  const { send, services } = await startWithTopic();
  const push = createPushHandler(services, () => undefined);
  expect(await push(event("CONNECT", undefined, `${role}/one`), {})).toEqual({ statusCode: 200 });
  const answer = await push(event("MESSAGE", { action: "connection" }), {});
  expect(JSON.parse(answer.body ?? "")).toEqual({ type: "connection", connectionId: "c=" });
  const body = JSON.stringify({ connectionId: "c=" });
  const subscribed = await send(`POST ${subscriptions}`, { body, userArn: `${role}/two` });
  expect([subscribed.status, subscribed.json["heardInMs"]]).toEqual([201, 2_000]);
  for (const userArn of ["arn:aws:iam::111122223333:user/other", undefined]) {
    const refused = await send(`POST ${subscriptions}`, { body, ...(userArn === undefined ? {} : { userArn }) });
    expect(refused.json["error"]).toBe("UNKNOWN_CONNECTION");
  }
  await push(event("DISCONNECT"), {});
  expect((await send(`POST ${subscriptions}`, { body, userArn: `${role}/one` })).status).toBe(404);
});

test.each([["nonsense"], ["[]"], ['{"action":"dance"}'], ['{"action":"unsubscribe"}'], [`"${"x".repeat(9_000)}"`]])(
  "a message that says nothing is answered with an error: %.20s",
  async (body) => {
    const { services } = await startWithTopic();
    const answer = await createPushHandler(services, () => undefined)({ ...event("MESSAGE"), body }, {});
    expect(JSON.parse(answer.body ?? "")).toMatchObject({ type: "error", error: "INVALID_REQUEST" });
  },
);

test("entries of the stream are told of by log, and nothing else that it holds", async () => {
  const told: (readonly GrownLog[])[] = [];
  const notify = async (grown: readonly GrownLog[]) => {
    told.push(grown);
    return { posted: 0, gone: 0, failed: 1 };
  };
  const logged: string[] = [];
  const handler = createNotifyHandler({ hints: { notify } }, (_level, name) => logged.push(name));
  const entry = (pk: string, sk: number, eventName: "INSERT" | "REMOVE" = "INSERT") => ({
    eventName,
    dynamodb: { Keys: { pk: { S: pk }, sk: { N: String(sk) } } },
  });
  const Records = [
    entry("partition:t:0", 7),
    entry("partition:t:0", 5),
    entry("tree:default", 3),
    entry("partition:t:1", 1, "REMOVE"),
    entry("segments:t:0", 0),
  ];
  await handler({ Records }, {});
  expect(told).toEqual([
    [
      { logId: "partition:t:0", first: 5, last: 7 },
      { logId: "tree:default", first: 3, last: 3 },
    ],
  ]);
  expect(logged).toEqual(["hints lost"]);
});
