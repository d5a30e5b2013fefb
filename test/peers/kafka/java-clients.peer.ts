/** Kafka's Java client, 3.9 and 4.2, sees of ours what it sees of Apache Kafka. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  comparable,
  type ComparableStep,
  type JavaClientRelease,
  javaClientParts,
  recordedSteps,
  runJavaClients,
} from "./java-clients.ts";
import { type OurKafka, startOurKafka } from "./our-kafka.ts";
import { startRealKafka } from "./real-kafka.ts";

const runMsMax = 15 * 60_000;
const prefix = "peer";

/** Where ours answers otherwise than Apache Kafka. */
const knownDifferences: ReadonlyMap<string, Partial<ComparableStep>> = new Map([
  // Records keep the time that their producer gave them.
  ["produce: a topic that stamps records itself", { error: "InvalidConfigurationException" }],
]);

function titleOf({ part, step }: ComparableStep): string {
  return `${part}: ${step}`;
}

async function stepsOn(bootstrap: string, release: JavaClientRelease): Promise<Map<string, ComparableStep>> {
  const steps = await runJavaClients(release, { bootstrap, prefix, parts: javaClientParts });
  return new Map(comparable(steps, prefix).map((step) => [titleOf(step), step]));
}

describe.each([4, 3] as const)("Kafka's Java client %i.x", (release) => {
  const recorded = recordedSteps(release);

  test("sees of Apache Kafka what was recorded", { timeout: runMsMax }, async () => {
    await using kafka = await startRealKafka();
    const steps = await stepsOn(kafka.bootstrap, release);
    expect([...steps.values()]).toEqual(recorded);
  });

  describe("on ours", () => {
    let ours: OurKafka;
    let steps: ReadonlyMap<string, ComparableStep>;

    beforeAll(async () => {
      ours = await startOurKafka();
      steps = await stepsOn(ours.bootstrap, release);
    }, runMsMax);

    afterAll(() => ours.stop());

    test.each(recorded.map((step) => [titleOf(step), step] as const))("%s", (title, step) => {
      const { part, step: name } = step;
      const known = knownDifferences.get(title);
      expect(steps.get(title)).toEqual(known === undefined ? step : { part, step: name, ...known });
    });

    test("every step is one that was recorded", () => {
      expect([...steps.keys()]).toEqual(recorded.map(titleOf));
    });
  });
});
