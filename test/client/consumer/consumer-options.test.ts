import { expect, test } from "vitest";
import { resolveConsumerOptions } from "../../../client/consumer/consumer-options.ts";
import type { ConsumerOptions } from "../../../client/index.ts";

const least = { group: "g", topics: ["t"] };

test("what is left out is as a user of Kafka expects it", () => {
  expect(resolveConsumerOptions(least)).toMatchObject({
    from: "latest",
    isolation: "read_committed",
    autoCommitIntervalMs: 5_000,
    rebalanceTimeoutMs: 60_000,
    maxBytes: 1_048_576,
  });
  expect(resolveConsumerOptions({ ...least, autoCommit: false }).autoCommitIntervalMs).toBeUndefined();
});

test.each<[Partial<ConsumerOptions>, string]>([
  [{ group: "" }, "group must be a string that is not empty"],
  [{ topics: [] }, "needs topics or a topicPattern"],
  [{ waitMs: 25_001 }, "waitMs must be a whole number from 0 to 25000"],
  [{ maxBytes: 0 }, "maxBytes"],
  [{ autoCommit: { intervalMs: 0 } }, "autoCommit.intervalMs"],
  [{ maxInFlightFetches: 0.5 }, "maxInFlightFetches"],
  [{ sessionTimeoutMs: -1 }, "sessionTimeoutMs"],
])("%j is refused: %s", (options, why) => {
  expect(() => resolveConsumerOptions({ ...least, ...options })).toThrow(why);
});

test.each<[object, string]>([
  [{ groupId: "g", topics: ["t"] }, "group must be a string"],
  [{ group: "g", topics: "t" }, "topics must be a list"],
  [{ group: "g", topicPattern: /t.*/ }, "topicPattern must be a string"],
  [{ group: "g", topics: ["t"], from: "beginning" }, "from must be earliest, latest or error"],
])("from JavaScript, %j is refused: %s", (options, why) => {
  expect(() => resolveConsumerOptions(options as ConsumerOptions)).toThrow(why);
});
