/** The client asks for no more than what a permission for its purpose allows: each part of it at work with a token. */
import { describe, expect, test } from "vitest";
import {
  ConfigureShareGroupCommand,
  CreateTopicCommand,
  Lock,
  ShareConsumer,
  StreamkeeperClient,
} from "../../client/index.ts";
import { requestTarget } from "../../client/http-message.ts";
import type { Transport } from "../../client/node-http-transport.ts";
import { Router } from "../../functions/http/router.ts";
import { type OperationId, routes } from "../../shared/api/routes.ts";
import { ApiBed } from "../functions/api-bed.ts";

const router = new Router(Object.keys(routes) as OperationId[]);
const bed = new ApiBed({ authorization: { kind: "jwt", claim: "streamkeeper" } });

/** Hands requests to the functions as API Gateway does, once it has checked a token with these permissions. */
function clientWith(...permissions: readonly string[]): StreamkeeperClient {
  const claims = { sub: "client", streamkeeper: permissions.join(" ") };
  const transport: Transport = {
    async handle(request) {
      const match = router.match(request.method, request.path);
      if (match.kind !== "operation") throw new Error(`no route: ${request.path}`);
      const route = routes[match.operationId];
      const { status, headers, raw } = await bed.functions.send(`${request.method} ${requestTarget(request)}`, {
        ...(request.body === undefined ? {} : { body: request.body }),
        headers: { ...request.headers },
        routeKey: `${route.method} ${route.path}`,
        claims,
      });
      return { statusCode: status, headers, body: raw };
    },
    destroy: () => undefined,
  };
  return new StreamkeeperClient({ endpoint: "http://api.example", transport, push: false });
}

const admin = "admin:default";
const values = (records: readonly { readonly value: unknown }[]): readonly unknown[] =>
  records.map(({ value }) => Buffer.from(value as Uint8Array).toString());

describe("a client with one permission", () => {
  test("produces, reads in a group, and works a topic off as a queue", async () => {
    using administrator = clientWith(admin);
    await administrator.send(new CreateTopicCommand({ name: "orders-eu", partitions: 1 }));
    await administrator.send(new ConfigureShareGroupCommand({ group: "mail", startAt: "earliest" }));

    using producing = clientWith("produce:default/orders-*");
    const producer = producing.producer({ topic: "orders-eu" });
    await producer.send({ value: "first" });
    await producer.close();

    using consuming = clientWith("consume:default/orders-*/billing");
    const consumer = consuming.consumer({ group: "billing", topics: ["orders-eu"], from: "earliest" });
    for await (const record of consumer) {
      expect(values([record])).toEqual(["first"]);
      break;
    }
    await consumer.close();

    using working = clientWith("share:default/orders-eu/mail");
    const worked: unknown[] = [];
    const done = new AbortController();
    const options = { group: "mail", topics: ["orders-eu"], signal: done.signal, waitMs: 50 };
    await new ShareConsumer(working, options).run(({ record }) => {
      worked.push(...values([record]));
      done.abort();
    });
    expect(worked).toEqual(["first"]);
  });

  test("makes the path that it was given, and reads, writes and watches below it", async () => {
    using client = clientWith("coordinate:default/app");
    const znodes = client.znodes();
    await znodes.ensure("/app/config");
    const watch = await znodes.watch("/app/config", { waitMs: 50 });
    await znodes.multi([
      { type: "setData", path: "/app/config", data: "x" },
      { type: "create", path: "/app/task-", mode: "persistent_sequential" },
    ]);
    const { results } = await znodes.multiRead([{ type: "getData", path: "/app/config" }]);
    expect(results[0]).toMatchObject({ type: "getData" });
    for await (const event of watch) {
      expect(event).toMatchObject({ type: "NodeDataChanged", path: "/app/config" });
      break;
    }
    await expect(znodes.create("/application")).rejects.toMatchObject({ name: "NO_AUTH" });
    await expect(znodes.multi([{ type: "create", path: "/other" }])).rejects.toMatchObject({ name: "NO_AUTH" });
    znodes.close();
  });

  test("holds a lock and fences its writes by it", async () => {
    using client = clientWith("lock:default/nightly", "coordinate:default/app");
    await using session = await client.session({ timeoutMs: 10_000 });
    await using lock = await new Lock(session, "nightly").acquire();
    const written = await client.znodes().multi([lock.fence, { type: "create", path: "/app/by-holder" }]);
    expect(written.results).toHaveLength(2);
  });
});
