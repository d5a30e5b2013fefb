import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { servedApis } from "../../../../gateway/kafka/api-list.ts";
import type { Api } from "../../../../gateway/kafka/protocol/api.ts";
import { MalformedBytesError } from "../../../../shared/record/malformed-bytes-error.ts";
import { anyMessage } from "./message-arbitraries.ts";
import {
  decodeMessage,
  differences,
  encodable,
  encodeMessage,
  kafkaMessageApis,
  type KafkaMessage,
  kafkaMessages,
  type Message,
} from "./kafka-messages.ts";

const apis: readonly (readonly [string, Api])[] = [...servedApis.values()].map(({ api }) => [api.name, api]);
const kinds = ["request", "response"] as const;
const runsPerVersion = 4;

/** What Kafka 4.2's classes have no more: refused with an answer in the form that it had. */
const withoutFixture: ReadonlySet<string> = new Set(["Produce v0", "Produce v1", "Produce v2"]);

function versionsOf({ versions: [least, most] }: Api): number[] {
  return Array.from({ length: most - least + 1 }, (_, index) => least + index);
}

describe.each(apis)("%s", (name, api) => {
  const messages = kafkaMessages(name).filter(({ version }) => versionsOf(api).includes(version));

  test("has messages of Kafka's own classes for every version", () => {
    const missing = versionsOf(api).filter(
      (version) => !kinds.every((kind) => messages.some((one) => one.version === version && one.kind === kind)),
    );
    const unexplained = missing.map((version) => `${name} v${version}`).filter((one) => !withoutFixture.has(one));
    expect(unexplained, "node test/peers/kafka-messages.ts makes them").toEqual([]);
  });

  test("reads what Kafka's own classes write, and writes it again byte for byte", () => {
    const wrong = messages.flatMap((message) => {
      const { kind, version, bytes, value } = message;
      const decoded = decodeMessage(api, message);
      const differing = differences(decoded, value);
      const encoded = encodeMessage(api, kind, version, encodable(api[kind], decoded));
      if (Buffer.compare(encoded, bytes) !== 0) differing.push(Buffer.from(encoded).toString("hex"));
      return differing.map((difference) => `${kind} v${version} ${JSON.stringify(value)}: ${difference}`);
    });
    expect(wrong).toEqual([]);
  });

  test("reads whatever it writes, in every version", () => {
    for (const version of versionsOf(api)) {
      for (const kind of kinds) {
        const any = anyMessage(api[kind], { version, isFlexible: api.isFlexible(version) });
        fc.assert(
          fc.property(any, ({ given, read }) => {
            const bytes = encodeMessage(api, kind, version, given as Message);
            expect(decodeMessage(api, { kind, version, bytes })).toEqual(read);
          }),
          { numRuns: runsPerVersion },
        );
      }
    }
  });

  test("refuses each of its messages that ends too early", () => {
    const taken = messages.filter((message) => message.bytes.length > 1 && isReadThoughCut(api, message));
    expect(taken).toEqual([]);
  });
});

/** Whether a message is read though it is cut somewhere. */
function isReadThoughCut(api: Api, message: KafkaMessage): boolean {
  const { length } = message.bytes;
  const end = length - 1 - ((length % 7) % (length - 1));
  try {
    decodeMessage(api, { ...message, bytes: message.bytes.subarray(0, end) });
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedBytesError);
    return false;
  }
}

test("there are messages of no API but those that are served", () => {
  const served = apis.map(([name]) => name);
  expect(kafkaMessageApis.filter((name) => !served.includes(name))).toEqual([]);
});
