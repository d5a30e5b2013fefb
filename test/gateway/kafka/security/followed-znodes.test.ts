import { expect, test, vi } from "vitest";
import { FollowedZnodes, gatewayContext } from "../../../../gateway/kafka/security/followed-znodes.ts";
import { ServiceError } from "../../../../shared/api/errors.ts";
import { namespace, SecurityWorld } from "./security-world.ts";

const root = "/kafka-acl";
const path = `${root}/Topic`;

test("what is known of znodes holds while they are read anew, also where that fails", async () => {
  const world = new SecurityWorld();
  await world.run(async () => {
    const process = world.start();
    const { changes, znodes } = process.services;
    const context = gatewayContext(namespace);
    await znodes.create(context, { path: root, data: null, mode: "persistent" });
    await znodes.create(context, { path, data: Buffer.from("denied"), mode: "persistent" });
    let isBehind = false;
    let isDown = false;
    const realChanges = changes.changes.bind(changes);
    vi.spyOn(changes, "changes").mockImplementation(async (asked, options) => {
      if (options.since === undefined || isBehind) return await realChanges(asked, options);
      [isBehind, isDown] = [true, true];
      throw new ServiceError("OFFSET_OUT_OF_RANGE", "The changes are too far behind");
    });
    const realData = znodes.getData.bind(znodes);
    vi.spyOn(znodes, "getData").mockImplementation(async (...asked) => {
      if (isDown) throw new ServiceError("KAFKA_STORAGE_ERROR", "The store is down");
      return await realData(...asked);
    });
    const followed = new FollowedZnodes(process.access, root);
    await followed.start(process.signal);
    await world.until(process, () => isBehind);
    const { timers } = process.storage;
    await timers.sleep(5_000);
    expect([...followed.data.keys()]).toEqual([path]);
    isDown = false;
    await znodes.delete(context, { path, version: -1 });
    await world.until(process, () => followed.data.size === 0);
    expect(followed.data.size).toBe(0);
  });
});
