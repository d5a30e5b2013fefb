import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { registerZnode } from "../../../local/commands/znode.ts";
import { CommandBed } from "./command-bed.ts";

let bed: CommandBed;
beforeAll(async () => {
  bed = await CommandBed.start();
});
afterAll(() => bed[Symbol.asyncDispose]());

const znode = (...args: string[]) => bed.run(registerZnode, ["znode", ...args]);
const piped = (input: string | Uint8Array, ...args: string[]) => bed.run(registerZnode, ["znode", ...args], input);

test("a znode is created, read, changed, listed and deleted", async () => {
  expect((await znode("create", "-p", "/one/two", "data")).stdout).toBe("/one/two\n");
  expect((await znode("create", "-s", "/one/n-", "x")).stdout).toBe("/one/n-0000000001\n");
  expect((await znode("get", "/one/two")).stdout).toBe("data\n");
  expect((await znode("get", "/one/two", "--stat")).stdout).toMatch(/^data\nczxid = \d+\n.*dataLength = 4\n/s);
  expect((await piped("from a pipe\n", "set", "/one/two", "-v", "0")).stdout).toBe("version 1\n");
  expect(JSON.parse((await znode("get", "/one/two", "--json")).stdout)).toMatchObject({
    data: "from a pipe\n",
    stat: { version: 1 },
  });
  expect((await znode("ls", "/one")).stdout).toBe("n-0000000001\ntwo\n");
  expect((await znode("ls", "/one", "-l")).stdout).toMatch(/NAME +VERSION +BYTES.*\ntwo +1 +12 +0/s);
  expect((await znode("ls", "/", "-R", "--json")).stdout).toContain('"/one/two"');
  expect((await znode("tree", "/one")).stdout).toBe("/one\n├── n-0000000001  x\n└── two  from a pipe \n");
  expect(await znode("delete", "/one/two", "-v", "1")).toEqual({ stdout: "", stderr: "" });
  expect((await znode("delete", "/one", "-r")).stdout).toBe("2 znode(s) deleted\n");
});

test("what is exported comes back as it was, below another root, and what is there stays", async () => {
  const digest = `ann:${createHash("sha1").update("ann:pw").digest("base64")}`;
  await znode("create", "-p", "/source/text", "line\nline");
  await znode("create", "/source/guarded", "x", "--acl", `digest:${digest}:cdrwa,world:anyone:ra`);
  for (let index = 0; index < 250; index += 1) await bed.client.znodes().create(`/source/text/n${index}`);
  await bed.client.znodes().create("/source/bytes", { data: Uint8Array.of(0xff, 0, 1) });
  const exported = await znode("export", "/source");
  expect(exported.stderr).toBe("254 znode(s) exported\n");
  const imported = await piped(exported.stdout, "import", "--root", "/target");
  expect(imported.stderr).toBe("254 znode(s) created, 0 were there\n");
  const again = await piped(exported.stdout, "import", "--root", "/target");
  expect(again.stderr).toBe("0 znode(s) created, 254 were there\n");
  const copy = (await znode("export", "/target/source")).stdout.replaceAll('"/target/', '"/');
  expect(copy).toBe(exported.stdout);
});

test("bytes that are no text are set and written as they are", async () => {
  await znode("create", "/raw");
  await piped(Uint8Array.of(0xff, 0, 0x0d, 0xc3), "set", "/raw");
  expect((await bed.client.znodes().get("/raw")).data).toEqual(Buffer.of(0xff, 0, 0x0d, 0xc3));
  expect((await znode("get", "/raw", "--base64")).stdout).toBe("/wANww==\n");
});

test("what may not be read is listed and drawn, and not left out of an export in silence", async () => {
  const digest = `eve:${createHash("sha1").update("eve:pw").digest("base64")}`;
  await znode("create", "-p", "/vault/open", "x");
  await znode("create", "/vault/shut", "x", "--acl", `digest:${digest}:cdrwa`);
  expect((await znode("ls", "/vault", "-R")).stdout).toBe("/vault/open\n/vault/shut\n");
  expect((await znode("tree", "/vault")).stdout).toBe("/vault\n├── open  x\n└── shut  (may not be read)\n");
  expect((await znode("export", "/vault")).failure).toContain("NO_AUTH");
  expect((await znode("export", "/vault", "--auth", "eve:pw")).stderr).toBe("3 znode(s) exported\n");
});

test("what was exported is imported below the root as well", async () => {
  const line = `${JSON.stringify({ path: "/under-root", data: "x" })}\n`;
  expect((await piped(line, "import", "--root", "/")).stderr).toBe("1 znode(s) created, 0 were there\n");
});

test("access control is shown, set, and asked for with --auth", async () => {
  const digest = `bob:${createHash("sha1").update("bob:pw").digest("base64")}`;
  await znode("create", "/private", "secret");
  expect((await znode("acl", "/private")).stdout).toBe("world:anyone:cdrwa\n");
  expect((await znode("acl", "/private", "--set", `digest:${digest}:cdrwa`)).stdout).toBe("aversion 1\n");
  expect((await znode("get", "/private")).failure).toContain("NO_AUTH");
  expect((await znode("get", "/private", "--auth", "bob:pw")).stdout).toBe("secret\n");
});

test.each([
  [["get", "/nowhere"], "NO_NODE"],
  [["get", "nowhere"], "the path of a znode begins with a slash: nowhere"],
  [["create", "/zookeeper", "x"], "NODE_EXISTS"],
  [["set", "/", "x", "-v", "many"], "--version must be a whole number: many"],
  [["create", "/x", "--ttl", "soon"], "--ttl must be a whole number: soon"],
  [["create", "/x", "-e", "-c"], "one of --ephemeral, --container and --ttl"],
  [["acl", "/", "--set", "everyone"], "scheme:id:cdrwa"],
  [["delete", "/"], "the root / is always there"],
  [["delete", "/", "-r", "-v", "1"], "--version is of one znode"],
  [["ls", "/", "--namespace", ""], "namespace is missing"],
  [["watch", "/", "--since", "9999999"], "before 9999999"],
  [["ls", "/", "--auth", "ann"], "--auth must be user:password: ann"],
])("%j fails in one line that says why", async (args, why) => {
  const { failure, stdout } = await znode(...args);
  expect(failure).toContain(why);
  expect(failure).not.toContain("\n");
  expect(stdout).toBe("");
});

test.each(["not JSON", "{}", '{"path":"relative"}', '{"path":"/x","data":7}'])("%j is not imported", async (line) => {
  expect((await piped(`${line}\n`, "import")).failure).toContain("line 1 is");
});
