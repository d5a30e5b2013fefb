import { expect, test } from "vitest";
import { openAcl, sessionsWith, zookeeperBed } from "./zookeeper-bed.ts";

test("a client that comes back while its session is being closed is told that it has expired", async () => {
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  await using bed = await zookeeperBed({ tickMs: 500 }, (services) => ({
    ...services,
    sessions: sessionsWith(services.sessions, {
      close: async (...args) => {
        asked.resolve();
        await goOn.promise;
        return services.sessions.close(...args);
      },
    }),
  }));
  const client = await bed.connect({ timeOut: 1_000 });
  await client.send("create", { path: "/e", data: null, acl: openAcl, flags: 1 });
  const { sessionId = 0n, passwd = null } = client.session ?? {};
  client.destroy();
  await asked.promise;
  const connecting = bed.connect({ sessionId, passwd: passwd ?? new Uint8Array() });
  const other = await bed.connect();
  goOn.resolve();
  expect((await connecting).session).toMatchObject({ timeOut: 0, sessionId: 0n });
  expect((await other.send("exists", { path: "/e", watch: false })).err).toBe(-101);
});
