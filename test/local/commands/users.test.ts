import { afterAll, beforeAll, expect, test } from "vitest";
import { registerUsers } from "../../../local/commands/users.ts";
import { CommandBed } from "./command-bed.ts";

let bed: CommandBed;
beforeAll(async () => {
  bed = await CommandBed.start();
});
afterAll(() => bed[Symbol.asyncDispose]());

function users(args: readonly string[], input = "", environment = {}) {
  return bed.run((program, terminal) => registerUsers(program, terminal, environment), ["users", ...args], input);
}

test("a user is created, listed and deleted, and nobody reads what is kept of the password", async () => {
  expect((await users(["list"])).stdout).toBe("no users\n");
  expect((await users(["create", "alice@example.com"], "secret\n")).stdout).toBe("created alice@example.com\n");
  expect((await users(["create", "bob"], "", { STREAMKEEPER_USER_PASSWORD: "secret" })).stdout).toBe("created bob\n");
  expect((await users(["list"])).stdout).toBe("alice@example.com\nbob\n");
  expect(JSON.parse((await users(["list", "--json"])).stdout)).toEqual(["alice@example.com", "bob"]);
  using znodes = bed.client.znodes();
  await expect(znodes.get("/config/users/bob")).rejects.toMatchObject({ name: "NO_AUTH" });
  expect((await users(["delete", "bob"])).stdout).toBe("deleted bob\n");
  expect((await users(["delete", "bob"])).failure).toBe("there is no user bob");
  expect((await users(["create", "alice@example.com"], "other")).failure).toContain(
    "there is a user alice@example.com",
  );
});

test("a user goes with what quotas of its clients have left, and not with quotas", async () => {
  await users(["create", "dora"], "secret");
  using znodes = bed.client.znodes();
  await znodes.ensure("/config/users/dora/clients/app");
  expect((await users(["delete", "dora"])).failure).toContain("dora has quotas for clients");
  await znodes.delete("/config/users/dora/clients/app");
  expect((await users(["delete", "dora"])).stdout).toBe("deleted dora\n");
});

test.each([
  [["create", "carol"], "", "no password"],
  [["create", ""], "secret", "a user's name has 1 to 255 characters"],
  [["create", "carol"], "x".repeat(1_025), "a password has at most 1024 bytes"],
])("%j fails in one line that says why", async (args, input, why) => {
  const { failure, stdout } = await users(args, input);
  expect(failure).toContain(why);
  expect(stdout).toBe("");
});
