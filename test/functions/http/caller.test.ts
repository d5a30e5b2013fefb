import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { boundedWait, callContext, ownSession } from "../../../functions/http/caller.ts";
import type { RoutedRequest } from "../../../functions/http/event.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { authHeader, sessionHeader } from "../../../shared/api/routes.ts";
import { aclTextCharsMax, authProofsMax, fetchWaitMsMax } from "../../../shared/limits.ts";

const { signal } = new AbortController();

function routed(headers: RoutedRequest["headers"], other: Partial<RoutedRequest> = {}): RoutedRequest {
  return {
    params: {},
    rawQueryString: "",
    headers,
    body: { kind: "none" },
    caller: { sourceIp: undefined, userArn: undefined },
    answerBytesMax: 1,
    waitMsMax: fetchWaitMsMax,
    signal,
    ...other,
  };
}

const contextOf = (headers: RoutedRequest["headers"], superDigest?: string) =>
  callContext(routed(headers), "team", superDigest === undefined ? {} : { superDigest });
const identitiesOf = (auth: string, superDigest?: string) => contextOf({ [authHeader]: auth }, superDigest).identities;
const proof = (credentials: string): string => `digest ${Buffer.from(credentials).toString("base64")}`;

function refused(work: () => unknown): ServiceError {
  try {
    work();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("the session's header", () => {
  const password = Buffer.from("0123456789abcdef").toString("base64url");

  test("is an id and 16 bytes", () => {
    const { namespace, session } = contextOf({ [sessionHeader]: `4611686018427387903:${password}` });
    expect(namespace).toBe("team");
    expect(session).toEqual({
      sessionId: 4_611_686_018_427_387_903n,
      password: new TextEncoder().encode("0123456789abcdef"),
    });
  });

  test("may be missing", () => {
    expect(contextOf({})).toEqual({ namespace: "team", identities: [] });
  });

  test.each([
    "",
    "1",
    ":",
    `:${password}`,
    `one:${password}`,
    `-1:${password}`,
    `1:${password}x`,
    `1:${password.slice(1)}`,
    `1:${password.slice(1)}+`,
    ` 1:${password}`,
    `1:${password}, 2:${password}`,
    `12345678901234567890:${password}`,
  ])("%j is AUTH_FAILED, without the password in the message", (header) => {
    const { code, message } = refused(() => contextOf({ [sessionHeader]: header }));
    expect(code).toBe("AUTH_FAILED");
    expect(message).not.toContain(password.slice(1));
  });

  test("names the session of the path where the path names one", () => {
    const one = routed({ [sessionHeader]: `1:${password}` });
    expect(ownSession(one, "1").sessionId).toBe(1n);
    for (const [request, sessionId] of [
      [one, "2"],
      [routed({}), "1"],
    ] as const) {
      expect(refused(() => ownSession(request, sessionId))).toMatchObject({
        code: "AUTH_FAILED",
        message: `${sessionHeader} must name the session of the path`,
      });
    }
  });
});

describe("the header of proofs", () => {
  // `DigestAuthenticationProvider.generateDigest("super:test")`, as ZooKeeper's documentation and tests have it.
  const superTest = "super:D/InIHSb7yEEbrWz8b9l71RjZJU=";

  test("gives ZooKeeper's digests", () => {
    expect(identitiesOf(proof("super:test"))).toEqual([{ scheme: "digest", id: superTest }]);
    const hash = createHash("sha1").update("ünal:pass:word", "utf8").digest("base64");
    expect(identitiesOf(proof("ünal:pass:word"))).toEqual([{ scheme: "digest", id: `ünal:${hash}` }]);
  });

  test("may prove several users, joined by commas", () => {
    const users = identitiesOf(`${proof("ann:1")},${proof("bob:2")} , ${proof("eve:3")}`).map(({ id }) => id);
    expect(users.map((id) => id.replace(/:.*/, ""))).toEqual(["ann", "bob", "eve"]);
  });

  test("makes who proves to be the superuser one, and nobody else", () => {
    expect(identitiesOf(proof("super:test"), superTest)).toContainEqual({ scheme: "super", id: "" });
    for (const [credentials, superDigest] of [
      ["super:test", undefined],
      ["super:other", superTest],
      ["super:D/InIHSb7yEEbrWz8b9l71RjZJU=", superTest],
      [":", superTest],
    ] as const) {
      expect(identitiesOf(proof(credentials), superDigest).map(({ scheme }) => scheme)).toEqual(["digest"]);
    }
  });

  test.each([
    ["nothing of digest", "Basic YW5uOjE="],
    ["no credentials", "digest "],
    ["what is not base64", "digest {}"],
    ["no password", proof("ann")],
    ["an empty proof", `${proof("ann:1")},`],
    ["a user that fits no list", proof(`${"a".repeat(aclTextCharsMax)}:1`)],
    ["too many", Array.from({ length: authProofsMax + 1 }, () => proof("ann:1")).join(",")],
  ])("with %s is AUTH_FAILED", (_what, header) => {
    const { code, message } = refused(() => identitiesOf(header));
    expect(code).toBe("AUTH_FAILED");
    expect(message).not.toContain("YW5u");
  });

  test("takes as many as are allowed", () => {
    const header = Array.from({ length: authProofsMax }, () => proof("ann:1")).join(",");
    expect(identitiesOf(header)).toHaveLength(authProofsMax);
  });
});

describe("what the transport knows", () => {
  const identities = (caller: RoutedRequest["caller"]) =>
    callContext(routed({}, { caller }), "team", { superDigest: "super:x" }).identities;

  test("gives an address, and the principal that signed", () => {
    const userArn = "arn:aws:iam::123456789012:user/team/ann";
    expect(identities({ sourceIp: "2001:db8::1", userArn })).toEqual([
      { scheme: "ip", id: "2001:db8::1" },
      { scheme: "iam", id: userArn },
    ]);
  });

  test.each([
    ["arn:aws:sts::123456789012:assumed-role/Reader/session-1", "arn:aws:iam::123456789012:role/Reader"],
    ["arn:aws-cn:sts::123456789012:assumed-role/Reader/a/b", "arn:aws-cn:iam::123456789012:role/Reader"],
    ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root"],
    ["arn:aws:sts::123456789012:federated-user/ann", "arn:aws:sts::123456789012:federated-user/ann"],
    ["arn:aws:sts::12345:assumed-role/Reader/s", "arn:aws:sts::12345:assumed-role/Reader/s"],
  ])("takes %s for %s", (userArn, id) => {
    expect(identities({ sourceIp: undefined, userArn })).toEqual([{ scheme: "iam", id }]);
  });
});

describe("a wait", () => {
  test("is as long as was asked, and no longer than the transport lets it be", () => {
    expect(boundedWait(routed({}), 1_000)).toEqual({ waitMs: 1_000, signal });
    expect(boundedWait(routed({}, { waitMsMax: 10 }), 1_000)).toEqual({ waitMs: 10, signal });
    expect(boundedWait(routed({}, { waitMsMax: 1e9 }), 1e9)).toEqual({ waitMs: fetchWaitMsMax, signal });
  });

  test("of no time asks for no signal", () => {
    const request = {
      ...routed({}),
      get signal(): AbortSignal {
        throw new Error("nobody waits");
      },
    };
    expect(boundedWait(request, 0)).toEqual({ waitMs: 0 });
    expect(boundedWait({ ...routed({}), waitMsMax: 0 }, 1_000)).toEqual({ waitMs: 0 });
  });
});
