import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { guardZnodes } from "../../gateway/kafka/security/guarded-znodes.ts";
import { CommandError } from "../../local/command-error.ts";
import { registerUsers } from "../../local/commands/users.ts";
import { type RunningServer, startServer } from "../../local/server.ts";
import { superuserOf, withSuperuser } from "../../local/superuser.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";

const namespace = "default";
const memory = createMemoryStorage();
const services = createServices(memory.storage);
let folder = "";
let server: RunningServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "streamkeeper-superuser-"));
  const access = await withSuperuser({}, folder);
  server = await startServer({ services, host: "127.0.0.1", port: 0, access });
  await guardZnodes({ services, namespace, timers: memory.storage.timers });
});
afterAll(async () => {
  await server.close();
  await memory.close();
  await rm(folder, { recursive: true, force: true });
});

/** What the command writes, or why it fails. */
async function users(...args: readonly string[]): Promise<string> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end("a-secret\n");
  const program = new Command().exitOverride();
  registerUsers(program, { stdin, stdout, stderr }, {});
  let failure = "";
  try {
    await program.parseAsync(["users", ...args, "--endpoint", server.url], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    failure = error.message;
  }
  stdout.end();
  return (await text(stdout)) + failure;
}

test("who can read the data folder makes users where they are guarded, and nobody else", async () => {
  const refused = "only the server's superuser may do this";
  for (const args of [["create", "eve"], ["delete", "alice"], ["list"]]) {
    expect(await users(...args, "--data", join(folder, "none"))).toContain(refused);
    expect(await users(...args, "--data", folder, "--auth", "superuser:guess")).toContain(refused);
  }
  expect(await users("create", "alice", "--data", folder)).toBe("created alice\n");
  expect(await users("list", "--data", folder)).toBe("alice\n");
  const { password = "" } = (await superuserOf(folder)) ?? {};
  expect(await users("create", "bob", "--auth", `superuser:${password}`)).toBe("created bob\n");
  const outsider = { namespace, identities: [] };
  await expect(services.znodes.getData(outsider, "/config/users/bob")).rejects.toMatchObject({ code: "NO_AUTH" });
  const change = { path: "/config/users/bob", data: null, version: -1 };
  await expect(services.znodes.setData(outsider, change)).rejects.toMatchObject({ code: "NO_AUTH" });
  expect(await users("delete", "bob", "--data", folder)).toBe("deleted bob\n");
});

test("the superuser stays the same, is in a file for its owner alone, and gives way to the environment's", async () => {
  expect((await stat(join(folder, "superuser"))).mode & 0o777).toBe(0o600);
  expect(await withSuperuser({}, folder)).toEqual(await withSuperuser({}, folder));
  expect(await withSuperuser({ superDigest: "super:x" }, folder)).toEqual({ superDigest: "super:x" });
});
