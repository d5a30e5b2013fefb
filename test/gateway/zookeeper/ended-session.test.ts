import { expect, test } from "vitest";
import { zookeeperBed } from "./zookeeper-bed.ts";

test("a client whose session others have ended loses its connection, and it is written down why", async () => {
  const logged: string[] = [];
  await using bed = await zookeeperBed({
    log: (_level, event, fields) => void logged.push(`${event}: ${String(fields["reason"])}`),
  });
  const client = await bed.connect();
  const { sessionId = 0n, passwd } = client.session ?? {};
  await bed.services.sessions.close("default", { sessionId, password: passwd ?? new Uint8Array() });
  await expect(client.send("exists", { path: "/", watch: false })).rejects.toThrow("closed");
  expect(logged).toEqual(["a connection was ended: its session is over"]);
  const again = await bed.connect({ sessionId, passwd: passwd ?? new Uint8Array() });
  expect(again.session).toMatchObject({ timeOut: 0, sessionId: 0n });
});
