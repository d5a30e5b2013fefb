import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { wordAnswerCharsMax } from "../../../shared/limits/zookeeper-gateway.ts";
import { openAcl, type ZooKeeperBed, zookeeperBed } from "./zookeeper-bed.ts";

let bed: ZooKeeperBed;

beforeEach(async () => {
  bed = await zookeeperBed();
});

afterEach(async () => {
  await bed.close();
});

async function command(...pieces: readonly string[]): Promise<string> {
  const socket = connect(bed.port, "127.0.0.1");
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (await buffer(socket)).toString();
}

test("each command is answered as ZooKeeper does, and the connection ends", async () => {
  const client = await bed.connect();
  await client.send("create", { path: "/e", data: null, acl: openAcl, flags: 1 });
  await client.send("exists", { path: "/e", watch: true });
  await client.send("getChildren", { path: "/", watch: true });
  const sid = `0x${client.session?.sessionId.toString(16)}`;

  expect(await command("ruok")).toBe("imok");
  expect(await command("ru", "ok\n")).toBe("imok");
  expect(await command("isro")).toBe("rw");
  expect(await command("srvr")).toMatch(
    /^Zookeeper version: 3\.8\.\d[^\n]*\nLatency min\/avg\/max: \d+\/\d+\.\d+\/\d+\nReceived: 4\nSent: 4\nConnections: 2\nOutstanding: 0\nZxid: 0x2\nMode: standalone\nNode count: 5\n$/,
  );
  expect(await command("stat")).toMatch(/Clients:\n \/127\.0\.0\.1:\d+\[1\]\(queued=0,recved=4,sent=4\)\n/);
  const monitored = new Map((await command("mntr")).split("\n").map((line) => line.split("\t") as [string, string]));
  expect(monitored.get("zk_watch_count")).toBe("2");
  expect(monitored.get("zk_ephemerals_count")).toBe("1");
  expect(monitored.get("zk_approximate_data_size")).toBe(
    String("/".length + "/e".length + "/zookeeper".length + "/zookeeper/config".length + "/zookeeper/quota".length),
  );
  expect(Number(monitored.get("zk_uptime"))).toBeGreaterThan(0);
  if (process.platform === "linux") {
    const [open, max] = ["open", "max"].map((which) => Number(monitored.get(`zk_${which}_file_descriptor_count`)));
    expect(open).toBeGreaterThan(3);
    expect(max).toBeGreaterThan(open ?? Infinity);
  }
  expect(monitored.get("zk_server_state")).toBe("standalone");
  expect(await command("conf")).toContain(`clientPort=${bed.port}\n`);
  expect(await command("conf")).toContain(
    "tickTime=2000\nmaxClientCnxns=0\nminSessionTimeout=4000\nmaxSessionTimeout=40000\n",
  );
  expect(await command("cons")).toMatch(
    new RegExp(`sid=${sid},lop=getChildren,est=\\d+,to=10000,lcxid=0x3,lzxid=0x2,`),
  );
  expect(await command("envi")).toMatch(/^Environment:\nzookeeper\.version=3\.8\.\d/);
  expect(await command("wchs")).toBe("1 connections watching 2 paths\nTotal watches:2\n");
  expect(await command("dump")).toContain(`Sessions with Ephemerals (1):\n${sid}:\n\t/e\n`);
  await client.send("ping", {});
  expect(await command("cons")).toMatch(new RegExp(`sid=${sid},lop=ping,est=\\d+,to=10000,lcxid=0x3,`));
});

test("a command of ZooKeeper that is not served says so", async () => {
  expect(await command("wchc")).toBe("wchc is not executed because it is not in the whitelist.");
});

test("four bytes that are no command are the length of a frame that may not be so long", async () => {
  expect(await command("what")).toBe("");
});

test("what would be too long is cut", async () => {
  const client = await bed.connect();
  const name = "x".repeat(3_900);
  const count = Math.ceil(wordAnswerCharsMax / name.length) + 100;
  const create = (index: number) => ({ path: `/${index}${name}`, data: null, acl: openAcl, flags: 1 });
  await Promise.all(Array.from({ length: count }, (_, index) => client.send("create", create(index))));
  const dump = await command("dump");
  expect(dump.length).toBeLessThan(wordAnswerCharsMax + 100);
  expect(dump).toMatch(/\t\/\d+x+\n\.\.\. and more than is answered\n$/);
});
