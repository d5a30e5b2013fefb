import { createHmac, createHash, pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseClientFinal, parseClientFirst } from "../../../../gateway/kafka/sasl/scram-messages.ts";
import { challengeClient, checkProof, type ScramChallenge } from "../../../../gateway/kafka/sasl/scram-exchange.ts";
import {
  credentialOf,
  formatCredential,
  parseCredential,
  saltPassword,
  type ScramCredential,
} from "../../../../gateway/kafka/sasl/scram-credential.ts";
import { type ScramMechanism, scramMechanisms } from "../../../../gateway/kafka/sasl/scram-mechanism.ts";

/** RFC 7677, section 3. */
const rfc7677 = {
  salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
  clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  clientFinal:
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};
const unknownSecret = Buffer.from("a secret of the gateways");
const salt = Buffer.from(rfc7677.salt, "base64");

async function credentialFor(mechanism: ScramMechanism, password = "pencil"): Promise<ScramCredential> {
  const basis = { salt, iterations: 4_096 };
  return credentialOf(mechanism, await saltPassword(mechanism, password, basis), basis);
}
const sha256 = await credentialFor("SCRAM-SHA-256");

interface Exchange {
  readonly mechanism?: ScramMechanism;
  readonly message?: string;
  readonly credential?: ScramCredential | undefined;
}

function first({ mechanism = "SCRAM-SHA-256", message = rfc7677.clientFirst, ...rest }: Exchange = {}) {
  const credential = "credential" in rest ? rest.credential : sha256;
  return challengeClient({
    mechanism,
    message: Buffer.from(message),
    serverNonce: rfc7677.serverNonce,
    find: () => credential,
    unknownSecret,
  });
}

function challengeOf(exchange: Exchange = {}): ScramChallenge {
  const result = first(exchange);
  if (result.kind === "refused") throw new Error("the first message was refused");
  return result.challenge;
}

/** What a client that knows the password sends last. */
function clientFinal(mechanism: ScramMechanism, challenge: ScramChallenge, password = "pencil"): string {
  const { digest, hashBytes } = scramMechanisms[mechanism];
  const hmac = (key: Uint8Array, text: string): Buffer => createHmac(digest, key).update(text).digest();
  const { salt: challengeSalt, iterations } = challenge.credential;
  const salted = pbkdf2Sync(password, challengeSalt, iterations, hashBytes, digest);
  const clientKey = hmac(salted, "Client Key");
  const binding = Buffer.from(challenge.gs2Header).toString("base64");
  const withoutProof = `c=${binding},r=${challenge.nonce}`;
  const signature = hmac(createHash(digest).update(clientKey).digest(), `${challenge.signed},${withoutProof}`);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  return `${withoutProof},p=${proof.toString("base64")}`;
}

function finish(challenge: ScramChallenge, message: string) {
  return checkProof(challenge, Buffer.from(message));
}

describe("the server's side of SCRAM", () => {
  test("answers the exchange of RFC 7677 byte for byte", () => {
    const challenged = first();
    expect(challenged.kind === "challenge" && Buffer.from(challenged.answer).toString()).toBe(rfc7677.serverFirst);
    const result = finish(challengeOf(), rfc7677.clientFinal);
    expect(result.kind === "authenticated" && Buffer.from(result.answer).toString()).toBe(rfc7677.serverFinal);
  });

  test.each(["SCRAM-SHA-256", "SCRAM-SHA-512"] as const)(
    "takes the right password by %s and no other",
    async (name) => {
      const credential = await credentialFor(name);
      const challenge = challengeOf({ mechanism: name, credential });
      expect(finish(challenge, clientFinal(name, challenge)).kind).toBe("authenticated");
      expect(finish(challenge, clientFinal(name, challenge, "pencils")).kind).toBe("refused");
    },
  );

  test("refuses a proof with any bit changed", () => {
    const challenge = challengeOf();
    const sent = clientFinal("SCRAM-SHA-256", challenge);
    const proof = Buffer.from(sent.slice(sent.indexOf(",p=") + 3), "base64");
    fc.assert(
      fc.property(fc.nat(proof.length * 8 - 1), (bit) => {
        const changed = Buffer.from(proof);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const message = `${sent.slice(0, sent.indexOf(",p="))},p=${changed.toString("base64")}`;
        return finish(challenge, message).kind === "refused";
      }),
      { numRuns: 50 },
    );
  });

  test("refuses another nonce, another channel binding, and a proof of another length", () => {
    const challenge = challengeOf();
    const sent = clientFinal("SCRAM-SHA-256", challenge);
    expect(finish(challenge, sent.replace(",r=r", ",r=x")).kind).toBe("refused");
    expect(finish(challenge, sent.replace("c=biws", "c=eSws")).kind).toBe("refused");
    expect(finish(challenge, sent.replace(/p=.*/, "p=AAAA")).kind).toBe("refused");
  });

  test("takes the client's nonce twice, as librdkafka sends it", () => {
    const challenge = challengeOf();
    const twice = { ...challenge, nonce: `rOprNGfwEbeRWgbNEkqO${challenge.nonce}` };
    expect(finish(challenge, clientFinal("SCRAM-SHA-256", twice)).kind).toBe("authenticated");
    const behind = { ...challenge, nonce: `${challenge.nonce}x` };
    expect(finish(challenge, clientFinal("SCRAM-SHA-256", behind)).kind).toBe("refused");
  });

  test("takes a client that could bind channels, and refuses one that insists", () => {
    const challenge = challengeOf({ message: "y,,n=user,r=abc" });
    expect(finish(challenge, clientFinal("SCRAM-SHA-256", challenge)).kind).toBe("authenticated");
    expect(first({ message: "p=tls-unique,,n=user,r=abc" }).kind).toBe("refused");
  });

  test("challenges a name that nobody has like any other, always alike, and refuses even its right proof", () => {
    const unknown = { message: "n,,n=nobody,r=abc", credential: undefined };
    const challenge = challengeOf(unknown);
    expect(challenge.credential.salt).toHaveLength(16);
    expect(challengeOf(unknown).credential.salt).toEqual(challenge.credential.salt);
    expect(challengeOf({ ...unknown, message: "n,,n=nobod,r=abc" }).credential.salt).not.toEqual(
      challenge.credential.salt,
    );
    expect(finish(challenge, clientFinal("SCRAM-SHA-256", challenge)).kind).toBe("refused");
    // Even one who knew the keys that stand for it.
    const forged = { ...challenge, credential: sha256 };
    expect(finish(forged, clientFinal("SCRAM-SHA-256", forged)).kind).toBe("refused");
  });

  test("lets nobody act as somebody else", () => {
    expect(first({ message: "n,a=user,n=user,r=abc" }).kind).toBe("challenge");
    expect(first({ message: "n,a=admin,n=user,r=abc" }).kind).toBe("refused");
  });
});

describe("a client's first message", () => {
  const parse = (text: string) => parseClientFirst(Buffer.from(text));

  test("has commas and equals signs in names escaped", () => {
    expect(parse("n,,n=a=2Cb=3Dc,r=1")?.username).toBe("a,b=c");
    expect(parse("n,,n=a=2cb,r=1")).toBeUndefined();
    expect(parse("n,,n=a=b,r=1")).toBeUndefined();
  });

  test("may have extensions, but none that it says are needed", () => {
    expect(parse("n,,n=user,r=1,tokenauth=true")?.bare).toBe("n=user,r=1,tokenauth=true");
    expect(parse("n,,m=x,n=user,r=1")).toBeUndefined();
  });

  test.each(["", "n,,", "n,,n=,r=1", "n,,n=user,r=", "n,,n=user,r=a b", "x,,n=user,r=1", "n,n=user,r=1"])(
    "is not %j",
    (text) => {
      expect(parse(text)).toBeUndefined();
    },
  );

  test("is bounded, and is looked at in linear time", () => {
    expect(parse(`n,,n=user,r=${"a".repeat(9_000)}`)).toBeUndefined();
    expect(parse(`n,,n=${"u".repeat(256)},r=1`)).toBeUndefined();
    expect(parse(`n,,n=user,r=1,a=${"=".repeat(8_000)},`)).toBeUndefined();
    expect(parseClientFinal(Buffer.from(`c=biws,r=1,${"a=,".repeat(2_000)}`))).toBeUndefined();
    expect(parseClientFirst(Buffer.from([0x6e, 0x2c, 0x2c, 0x6e, 0x3d, 0xff, 0x2c, 0x72, 0x3d, 0x31]))).toBeUndefined();
  });
});

describe("a stored credential", () => {
  test("is written as Kafka writes it, and read again", () => {
    const text = formatCredential(sha256);
    expect(text).toMatch(/^salt=W22ZaJ0SNY7soEsUEjb6gQ==,stored_key=[^,]{44},server_key=[^,]{44},iterations=4096$/);
    expect(parseCredential("SCRAM-SHA-256", text)).toEqual(sha256);
    expect(parseCredential("SCRAM-SHA-512", text)).toBeUndefined();
  });

  test("is refused with too few or too many rounds, and where a part is missing", () => {
    const text = formatCredential(sha256);
    expect(parseCredential("SCRAM-SHA-256", text.replace("4096", "4095"))).toBeUndefined();
    expect(parseCredential("SCRAM-SHA-256", text.replace("4096", "16385"))).toBeUndefined();
    expect(parseCredential("SCRAM-SHA-256", text.replace("salt=", "sold="))).toBeUndefined();
    expect(parseCredential("SCRAM-SHA-256", `${text},x=1`)).toBeUndefined();
  });
});
