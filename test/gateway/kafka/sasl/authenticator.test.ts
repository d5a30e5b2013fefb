import { describe, expect, test } from "vitest";
import { Authenticator, type SaslServer } from "../../../../gateway/kafka/sasl/authenticator.ts";
import { PasswordCheck } from "../../../../gateway/kafka/sasl/password-check.ts";
import { credentialOf, saltPassword } from "../../../../gateway/kafka/sasl/scram-credential.ts";

const basis = { salt: Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), iterations: 4_096 };
const pencil = credentialOf("SCRAM-SHA-256", await saltPassword("SCRAM-SHA-256", "pencil", basis), basis);
const server: SaslServer = {
  known: {
    find: (mechanism, name) => (mechanism === "SCRAM-SHA-256" && /^(user|other)$/.test(name) ? pencil : undefined),
    unknownSecret: Buffer.from("secret"),
  },
  passwords: new PasswordCheck(),
  nonce: () => "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
};
const clientFirst = Buffer.from("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
const clientFinal = Buffer.from(
  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
);
const plain = (user: string, password = "pencil"): Uint8Array => Buffer.from(`\0${user}\0${password}`);

async function authenticated(): Promise<Authenticator> {
  const authenticator = new Authenticator(server);
  authenticator.handshake("PLAIN");
  await authenticator.authenticate(plain("user"));
  expect(authenticator.principal).toBe("User:user");
  return authenticator;
}

describe("a connection that authenticates", () => {
  test("is who it has proven to be by SCRAM", async () => {
    const authenticator = new Authenticator(server);
    expect(authenticator.handshake("SCRAM-SHA-256")).toBe("chosen");
    expect(await authenticator.authenticate(clientFirst)).toMatchObject({ kind: "challenge" });
    expect(authenticator.principal).toBeUndefined();
    expect(await authenticator.authenticate(clientFinal)).toMatchObject({
      kind: "authenticated",
      principal: "User:user",
    });
    expect(authenticator.principal).toBe("User:user");
  });

  test("is nobody by a wrong password, and gets no second try", async () => {
    const authenticator = new Authenticator(server);
    authenticator.handshake("PLAIN");
    const failed = await authenticator.authenticate(plain("user", "pen"));
    expect(failed).toEqual({ kind: "failed", message: "Authentication failed due to invalid credentials" });
    expect(authenticator.principal).toBeUndefined();
    expect(await authenticator.authenticate(plain("user"))).toEqual({ kind: "illegal" });
    expect(authenticator.handshake("PLAIN")).toBe("illegal");
  });

  test("cannot send its proof before the handshake, or another mechanism's after it", async () => {
    expect(await new Authenticator(server).authenticate(plain("user"))).toEqual({ kind: "illegal" });
    const authenticator = new Authenticator(server);
    authenticator.handshake("SCRAM-SHA-512");
    expect(await authenticator.authenticate(plain("user"))).toMatchObject({ kind: "failed" });
    expect(new Authenticator(server).handshake("GSSAPI")).toBe("unsupported");
  });

  test("cannot send two proofs at once", async () => {
    const authenticator = new Authenticator(server);
    authenticator.handshake("PLAIN");
    const both = [authenticator.authenticate(plain("user", "pen")), authenticator.authenticate(plain("user"))];
    expect((await Promise.all(both)).map(({ kind }) => kind)).toEqual(["failed", "illegal"]);
    expect(authenticator.principal).toBeUndefined();
  });

  test("may prove again who it is, and never becomes somebody else", async () => {
    const again = await authenticated();
    expect(again.handshake("PLAIN")).toBe("chosen");
    expect(await again.authenticate(plain("user"))).toMatchObject({ kind: "authenticated" });
    const other = await authenticated();
    other.handshake("PLAIN");
    expect(await other.authenticate(plain("other"))).toMatchObject({ kind: "failed" });
    expect(other.principal).toBeUndefined();
  });
});
