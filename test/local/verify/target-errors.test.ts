import { expect, test } from "vitest";
import { MembershipLostError } from "../../../client/consumer/consumer-errors.ts";
import { SessionExpiredError } from "../../../client/coordination/session.ts";
import { NoAnswerException, StreamkeeperServiceException } from "../../../client/exceptions.ts";
import { ProducerFatalError } from "../../../client/producer/producer-errors.ts";
import { CorruptBatchError } from "../../../client/reader/decode-batches.ts";
import { ProducerFencedError, TransactionFailedError } from "../../../client/transactions/transaction-errors.ts";
import { targetErrorOf } from "../../../local/verify/target-errors.ts";

function refused(name: string, effect: "none" | "unknown"): StreamkeeperServiceException {
  return new StreamkeeperServiceException(name, "no", {
    fault: "client",
    retriable: false,
    details: {},
    effect,
    metadata: {},
  });
}

test.each([
  ["a refusal", refused("BAD_VERSION", "none"), "fail", "BAD_VERSION"],
  ["a refusal after an attempt of which nobody knows", refused("BAD_VERSION", "unknown"), "info", "BAD_VERSION"],
  ["a refusal of another kind", refused("SYSTEM_ERROR", "none"), "fail", "other"],
  ["no connection", new NoAnswerException("connect", "refused", false), "fail", "other"],
  ["no answer", new NoAnswerException("timeout", "late", true), "info", "other"],
  ["the end of a producer", new ProducerFatalError("unknown"), "info", "CLIENT_LOST"],
  ["another producer", new ProducerFencedError("taken over"), "info", "CLIENT_LOST"],
  ["a lost membership", new MembershipLostError("gone"), "info", "CLIENT_LOST"],
  ["a transaction that can only be aborted", new TransactionFailedError("no"), "fail", "MUST_ABORT"],
  ["a session that is over", new SessionExpiredError("1", "over"), "info", "SESSION_EXPIRED"],
  ["damaged records", new CorruptBatchError("bits"), "fail", "CORRUPT"],
  ["whatever else", new Error("what"), "info", "other"],
])("tells of %s whether it may have had an effect", (_, error, outcome, code) => {
  expect(targetErrorOf(error)).toMatchObject({ outcome, code, reason: error.name });
});
