/** Users' credentials, described and changed (KIP-554, `ScramControlManager`). */
import {
  scramAlterationsMax,
  scramIterationsMax,
  scramIterationsMin,
  userNameCharsMax,
} from "../../../shared/limits/kafka-security.ts";
import { failureOf } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { RequestOf } from "../protocol/api.ts";
import type {
  alterUserScramCredentials,
  describeUserScramCredentials,
} from "../protocol/apis/user-scram-credentials.ts";
import { credentialOf, isAcceptable, type ScramCredential } from "../sasl/scram-credential.ts";
import {
  type ScramMechanism,
  scramMechanismNames,
  scramMechanismOf,
  scramMechanisms,
} from "../sasl/scram-mechanism.ts";
import type { CredentialStore } from "../security/credential-store.ts";
import { securityError } from "../security/security-errors.ts";

const none = { errorCode: securityError.NONE, errorMessage: null };

export const handleDescribeUserScramCredentials: Handler<typeof describeUserScramCredentials> = async (
  { users },
  { gateway },
) => {
  let store: CredentialStore;
  try {
    store = await gateway.security.users();
  } catch (error) {
    return { throttleTimeMs: 0, ...failureOf(error, gateway.log), results: [] };
  }
  const asked = users === null || users.length === 0 ? store.usernames() : users.map(({ name }) => name);
  const timesAsked = new Map<string, number>();
  for (const user of asked) timesAsked.set(user, (timesAsked.get(user) ?? 0) + 1);
  const results = [...timesAsked].map(([user, times]) => {
    if (times > 1) {
      return failed(user, securityError.DUPLICATE_RESOURCE, "The user is named twice");
    }
    const credentials = store.credentials(user) ?? {};
    const credentialInfos = scramMechanismNames.flatMap((mechanism) => {
      const credential = credentials[mechanism];
      if (credential === undefined) return [];
      return [{ mechanism: scramMechanisms[mechanism].type, iterations: credential.iterations }];
    });
    if (credentialInfos.length > 0) return { user, ...none, credentialInfos };
    return failed(user, securityError.RESOURCE_NOT_FOUND, "There is no such user with credentials");
  });
  return { throttleTimeMs: 0, ...none, results };
};

type Alteration = RequestOf<typeof alterUserScramCredentials>;

export const handleAlterUserScramCredentials: Handler<typeof alterUserScramCredentials> = async (
  request,
  { gateway },
) => {
  const all = [...request.deletions, ...request.upsertions];
  const names = [...new Set(all.map(({ name }) => name))];
  const results = await inOrder(names, async (user) => {
    if (all.length > scramAlterationsMax) {
      return {
        user,
        errorCode: securityError.INVALID_REQUEST,
        errorMessage: `At most ${scramAlterationsMax} at a time`,
      };
    }
    const changes = changesOf(user, request);
    if (!(changes instanceof Map)) return { user, ...changes };
    try {
      const missing = await (await gateway.security.users()).change(user, changes);
      if (missing.length === 0) return { user, ...none };
      const errorMessage = "There is no such credential to delete";
      return { user, errorCode: securityError.RESOURCE_NOT_FOUND, errorMessage };
    } catch (error) {
      return { user, ...failureOf(error, gateway.log) };
    }
  });
  return { throttleTimeMs: 0, results };
};

type Failure = { readonly errorCode: number; readonly errorMessage: string };

/** What a request changes of one user, or why it cannot. */
function changesOf(
  user: string,
  { deletions, upsertions }: Alteration,
): Map<ScramMechanism, ScramCredential | undefined> | Failure {
  const changes = new Map<ScramMechanism, ScramCredential | undefined>();
  if (user === "" || user.length > userNameCharsMax || !user.isWellFormed() || user === "." || user === "..") {
    return unacceptable(`A user's name has 1 to ${userNameCharsMax} characters`);
  }
  for (const deletion of deletions.filter(({ name }) => name === user)) {
    const problem = change(changes, deletion.mechanism, () => undefined);
    if (problem !== undefined) return problem;
  }
  for (const upsertion of upsertions.filter(({ name }) => name === user)) {
    const problem = change(changes, upsertion.mechanism, (mechanism) => credentialFrom(mechanism, upsertion));
    if (problem !== undefined) return problem;
  }
  return changes;
}

function change(
  changes: Map<ScramMechanism, ScramCredential | undefined>,
  type: number,
  make: (mechanism: ScramMechanism) => ScramCredential | Failure | undefined,
): Failure | undefined {
  const mechanism = scramMechanismOf(type);
  if (mechanism === undefined) {
    return { errorCode: securityError.UNSUPPORTED_SASL_MECHANISM, errorMessage: "Unknown SCRAM mechanism" };
  }
  if (changes.has(mechanism)) {
    return { errorCode: securityError.DUPLICATE_RESOURCE, errorMessage: "The credential is changed twice" };
  }
  const made = make(mechanism);
  if (made !== undefined && "errorCode" in made) return made;
  changes.set(mechanism, made);
  return undefined;
}

function credentialFrom(
  mechanism: ScramMechanism,
  { salt, iterations, saltedPassword }: Alteration["upsertions"][number],
): ScramCredential | Failure {
  // The request's bytes are not this handler's to keep.
  const basis = { salt: Uint8Array.from(salt), iterations };
  if (!isAcceptable(basis)) {
    return unacceptable(`From ${scramIterationsMin} to ${scramIterationsMax} iterations, and a salt, are needed`);
  }
  if (saltedPassword.length === scramMechanisms[mechanism].hashBytes) {
    return credentialOf(mechanism, saltedPassword, basis);
  }
  return unacceptable("The salted password has another length than the mechanism's hash");
}

function unacceptable(errorMessage: string): Failure {
  return { errorCode: securityError.UNACCEPTABLE_CREDENTIAL, errorMessage };
}

function failed(user: string, errorCode: number, errorMessage: string) {
  return { user, errorCode, errorMessage, credentialInfos: [] };
}
