import { describe, expect, test } from "vitest";
import { PasswordCheck } from "../../../../gateway/kafka/sasl/password-check.ts";
import { parsePlain } from "../../../../gateway/kafka/sasl/plain.ts";
import { credentialOf, saltPassword } from "../../../../gateway/kafka/sasl/scram-credential.ts";
import { passwordChecksAtOnceMax, passwordChecksWaitingMax } from "../../../../shared/limits/kafka-security.ts";

const parse = (text: string) => parsePlain(Buffer.from(text));

describe("a PLAIN message", () => {
  test("names a user and a password", () => {
    expect(parse("\0alice\0secret")).toEqual({ username: "alice", password: "secret" });
    expect(parse("alice\0alice\0a,=é")).toEqual({ username: "alice", password: "a,=é" });
  });

  test.each(["", "alice", "\0alice", "\0\0secret", "\0alice\0", "\0alice\0a\0b", "bob\0alice\0secret"])(
    "is not %j",
    (text) => {
      expect(parse(text)).toBeUndefined();
    },
  );

  test("is bounded and UTF-8", () => {
    expect(parse(`\0alice\0${"x".repeat(9_000)}`)).toBeUndefined();
    expect(parse(`\0${"x".repeat(256)}\0secret`)).toBeUndefined();
    expect(parsePlain(Buffer.from([0, 0x61, 0, 0xff]))).toBeUndefined();
  });
});

describe("checking a password", () => {
  const basis = { salt: Buffer.from("salt"), iterations: 4_096 };
  const known = (mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-512", credential: ReturnType<typeof credentialOf>) => ({
    find: (name: string, username: string) => (name === mechanism && username === "alice" ? credential : undefined),
    unknownSecret: Buffer.from("secret"),
  });

  test.each(["SCRAM-SHA-256", "SCRAM-SHA-512"] as const)(
    "holds it against the credential for %s",
    async (mechanism) => {
      const users = known(mechanism, credentialOf(mechanism, await saltPassword(mechanism, "right", basis), basis));
      const check = new PasswordCheck();
      expect(await check.check({ username: "alice", password: "right" }, users)).toBe(true);
      expect(await check.check({ username: "alice", password: "wrong" }, users)).toBe(false);
      expect(await check.check({ username: "bob", password: "right" }, users)).toBe(false);
    },
  );

  test("says that it is busy when too many wait, and works them all off", async () => {
    const check = new PasswordCheck();
    const users = { find: () => undefined, unknownSecret: Buffer.from("secret") };
    const places = passwordChecksAtOnceMax + passwordChecksWaitingMax;
    const results = Array.from({ length: places + 1 }, () => check.check({ username: "a", password: "b" }, users));
    expect(await results.at(-1)).toBe("busy");
    expect((await Promise.all(results)).filter((result) => result === false)).toHaveLength(places);
    expect(await check.check({ username: "a", password: "b" }, users)).toBe(false);
  });
});
