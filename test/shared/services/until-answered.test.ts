import { expect, test } from "vitest";
import { untilAnswered } from "../../../shared/services/until-answered.ts";
import { StorageThrottledError, StorageTimeoutError, StorageUnavailableError } from "../../../shared/storage/errors.ts";

/** Answers in turn what is given, an error by throwing it. */
function answering(...answers: (string | Error)[]): { send: () => Promise<string>; sent: () => number } {
  let sent = 0;
  const send = async (): Promise<string> => {
    const answer = answers[sent] ?? "more than was expected";
    sent += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { send, sent: () => sent };
}

const lost = new StorageTimeoutError("lost");

test("repeats a write whose answer was lost", async () => {
  const { send, sent } = answering(lost, lost, "done");
  expect(await untilAnswered(3, send)).toBe("done");
  expect(sent()).toBe(3);
});

test("tells of a refusal at once where nothing was sent before", async () => {
  const { send, sent } = answering(new StorageThrottledError("refused"));
  await expect(untilAnswered(3, send)).rejects.toThrow("refused");
  expect(sent()).toBe(1);
});

// Found by simulation: a worker was told that its acknowledgement was not applied, which stood there by then.
test.each([new StorageThrottledError("refused"), new StorageUnavailableError("refused")])(
  "does not take a repeat's refusal ($name) for an answer to what was sent before",
  async (refusal) => {
    await expect(untilAnswered(2, answering(lost, refusal).send)).rejects.toBe(lost);
    expect(await untilAnswered(3, answering(lost, refusal, "done").send)).toBe("done");
  },
);

test("lets through what is not of the store", async () => {
  await expect(untilAnswered(3, answering(lost, new Error("a bug")).send)).rejects.toThrow("a bug");
});
