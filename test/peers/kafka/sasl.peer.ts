/** The clients log in by PLAIN and SCRAM, in the open and over TLS, and are refused with a wrong password. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokerStartMsMax } from "./brokers.ts";
import { goProgram } from "./go/go-program.ts";
import { kcat, requireKcat } from "./kcat.ts";
import { type Program, report } from "./peer-program.ts";
import { pythonProgram } from "./python/python-program.ts";
import {
  certificateFile,
  password,
  type SaslBroker,
  startOurSecured,
  startRealSecured,
  username,
} from "./sasl-brokers.ts";

const timeout = 120_000;
const mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

interface NamedProgram {
  readonly name: string;
  readonly install: () => Program;
  /** librdkafka before 2.6.1 repeats its nonce (librdkafka's #4895): Kafka refuses that since 4.0, and we do not. */
  readonly repeatsNonce?: boolean;
}

const programs: readonly NamedProgram[] = [
  { name: "confluent-kafka-2.16.1", install: () => pythonProgram("with_confluent_kafka", "current") },
  { name: "confluent-kafka-2.0.2", install: () => pythonProgram("with_confluent_kafka", "old"), repeatsNonce: true },
  { name: "kafka-python-3.0.12", install: () => pythonProgram("with_kafka_python", "current") },
  { name: "kafka-python-2.0.2", install: () => pythonProgram("with_kafka_python", "old") },
  { name: "franz-go-1.22.2", install: goProgram },
];

async function createUser(bootstrap: string) {
  const program = pythonProgram("with_confluent_kafka", "current");
  return report(program, [bootstrap, "users", "", username, password]);
}

const ours = { start: startOurSecured, allowsRepeatedNonce: true };
const real = { start: startRealSecured, allowsRepeatedNonce: false };
const cases = [
  { name: "our gateway", ...ours, isEncrypted: false },
  { name: "our gateway, over TLS", ...ours, isEncrypted: true },
  { name: "Apache Kafka", ...real, isEncrypted: false },
  { name: "Apache Kafka, over TLS", ...real, isEncrypted: true },
];

describe.each(cases)("$name", ({ start, isEncrypted, allowsRepeatedNonce }) => {
  let started: SaslBroker | undefined;

  beforeAll(async () => {
    requireKcat();
    for (const { install } of programs) install();
    started = await start(createUser, isEncrypted);
  }, brokerStartMsMax);

  afterAll(async () => {
    await started?.stop();
  });

  function broker(): SaslBroker {
    if (started === undefined) throw new Error("the broker did not start");
    return started;
  }

  test("tells of a new user's credentials", () => {
    const credentials = [
      ["SCRAM_SHA_256", 4_096],
      ["SCRAM_SHA_512", 4_096],
    ];
    expect(broker().users.facts).toEqual({ credentials });
  });

  describe.each(mechanisms)("%s", (mechanism) => {
    const allowsOld = allowsRepeatedNonce || mechanism === "PLAIN";
    const admitted = programs.filter(({ repeatsNonce = false }) => allowsOld || !repeatsNonce);
    test.each(admitted)("lets $name in, with the right password only", { timeout }, async ({ name, install }) => {
      const prefix = name.replaceAll(/[^a-z0-9]+/g, "-");
      const encryption = isEncrypted ? [certificateFile] : [];
      const { facts } = await report(install(), [
        broker().bootstrap,
        "sasl",
        prefix,
        mechanism,
        username,
        password,
        ...encryption,
      ]);
      expect(facts).toEqual({
        "topics after login": [`${prefix}-${mechanism}`],
        "a wrong password is refused": true,
      });
    });

    test(
      allowsOld ? "lets kcat in, with the right password only" : "refuses kcat, as its librdkafka is old",
      { timeout },
      async () => {
        const list = async (secret: string) => {
          const settings = {
            "security.protocol": isEncrypted ? "SASL_SSL" : "SASL_PLAINTEXT",
            "sasl.mechanism": mechanism,
            "sasl.username": username,
            "sasl.password": secret,
            ...(isEncrypted ? { "ssl.ca.location": certificateFile } : {}),
          };
          const options = Object.entries(settings).flatMap(([name, value]) => ["-X", `${name}=${value}`]);
          return kcat(broker().bootstrap, ["-L", ...options]);
        };
        if (allowsOld) expect(await list(password)).toContain(`broker 1 at ${broker().bootstrap}`);
        else await expect(list(password)).rejects.toThrow(/uthentication/);
        await expect(list(`not ${password}`)).rejects.toThrow(/uthentication/);
      },
    );
  });
});
