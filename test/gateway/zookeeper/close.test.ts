import { connect } from "node:net";
import { expect, test } from "vitest";
import { zookeeperCloseMsMax } from "../../../shared/limits/zookeeper-gateway.ts";
import { openAcl, sessionsWith, withSlowWrites, zookeeperBed } from "./zookeeper-bed.ts";

const never = new Promise<never>(() => undefined);

function create(path: string, data: Uint8Array | null = null) {
  return { path, data, acl: openAcl, flags: 0 };
}

test("what was asked for is answered before a gateway that closes ends its connections", async () => {
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const bed = await zookeeperBed({}, (services) => withSlowWrites(services, () => goOn.promise, asked.resolve));
  const [idle, client] = [await bed.connect(), await bed.connect()];
  const answers = Promise.all([
    client.send("create", create("/a")),
    client.send("exists", { path: "/a", watch: false }),
    client.send("closeSession", {}),
  ]);
  await asked.promise;
  const closed = bed.close();
  await idle.closed();
  const late = client.send("exists", { path: "/a", watch: false }).catch((error: Error) => error.message);
  goOn.resolve();
  expect((await answers).map(({ err }) => err)).toEqual([0, 0, 0]);
  expect(await late).toBe("the connection was closed");
  await closed;
  expect(bed.held()).toMatchObject({ connections: 0, requestBytes: 0, answerBytes: 0, writes: 0 });
});

test("large answers are read whole from a gateway that closes", async () => {
  let asked = Promise.withResolvers<void>();
  let until = Promise.resolve();
  const bed = await zookeeperBed({}, (services) =>
    withSlowWrites(
      services,
      () => until,
      () => asked.resolve(),
    ),
  );
  const client = await bed.connect();
  const data = new Uint8Array(512 * 1024);
  await client.send("create", create("/large", data));
  const goOn = Promise.withResolvers<void>();
  until = goOn.promise;
  asked = Promise.withResolvers();
  const reads = [
    client.send("setData", { path: "/large", data, version: -1 }),
    ...Array.from({ length: 40 }, () => client.send("getData", { path: "/large", watch: false })),
  ];
  await asked.promise;
  const closed = bed.close();
  goOn.resolve();
  expect((await Promise.all(reads)).map(({ err }) => err)).toEqual(reads.map(() => 0));
  await closed;
});

test("a client that is connecting gets its session from a gateway that closes", async () => {
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const bed = await zookeeperBed({}, (services) => ({
    ...services,
    sessions: sessionsWith(services.sessions, {
      create: async (...args) => {
        asked.resolve();
        await goOn.promise;
        return services.sessions.create(...args);
      },
    }),
  }));
  const connecting = bed.connect();
  await asked.promise;
  const closed = bed.close();
  goOn.resolve();
  const client = await connecting;
  expect(client.session?.timeOut).toBe(10_000);
  await Promise.all([client.closed(), closed]);
});

test("a gateway closes in time, whether its store answers or not", async () => {
  const asked = Promise.withResolvers<void>();
  const bed = await zookeeperBed({}, (services) => withSlowWrites(services, () => never, asked.resolve));
  const client = await bed.connect();
  const answer = client.send("create", create("/a")).catch((error: Error) => error.message);
  await asked.promise;
  const beganMs = performance.now();
  await bed.close();
  expect(performance.now() - beganMs).toBeLessThan(2 * zookeeperCloseMsMax);
  expect(await answer).toBe("the connection was closed");
});

test("a gateway whose store has not answered its first client closes at once", async () => {
  const asked = Promise.withResolvers<void>();
  const onFirstClient = (): Promise<void> => {
    asked.resolve();
    return never;
  };
  const bed = await zookeeperBed({ onFirstClient });
  const socket = connect(bed.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await asked.promise;
  const beganMs = performance.now();
  await bed.close();
  expect(performance.now() - beganMs).toBeLessThan(zookeeperCloseMsMax);
});
