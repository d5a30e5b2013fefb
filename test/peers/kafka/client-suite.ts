/** What every client must see, of our gateway and of a real Kafka, which proves that the expectations are Kafka's. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ReadPartitionOptions, StreamkeeperClient } from "../../../client/index.ts";
import {
  adminFacts,
  changed,
  type FactChange,
  groupFacts,
  staticMemberFacts,
  timeFacts,
  transactionFacts,
} from "./expected-facts.ts";
import { checkCodecs, checkCodecsByHttp } from "./expected-records.ts";
import { brokers, type Broker, brokerStartMsMax } from "./brokers.ts";
import { type Program, report } from "./peer-program.ts";

const installMsMax = 15 * 60_000;
const scenarioMsMax = 180_000;
const idempotentRecords = 500;

export interface PeerClient {
  readonly name: string;
  /** @throws Error that says what is missing */
  install(): Program;
  /** Where the client puts a key by default. */
  readonly partitionOf: (key: string, partitions: number) => number;
  readonly admin?: FactChange;
  readonly time?: FactChange;
  /** `undefined` where the client has none. */
  readonly transactions: FactChange | undefined;
  readonly hasIdempotence: boolean;
  /** Assignors of the classic protocol, and `consumer` for KIP-848. */
  readonly protocols: readonly string[];
  readonly group?: FactChange;
  readonly staticProtocols: readonly string[];
}

/** Declares the tests of some clients, which share a broker of each kind. */
export function describeClients(clients: readonly PeerClient[]): void {
  for (const broker of brokers) {
    describe(broker.name, () => {
      let started: Broker | undefined;

      beforeAll(async () => {
        started = await broker.start();
      }, brokerStartMsMax);

      afterAll(async () => {
        await started?.stop();
      });

      for (const client of clients) {
        describe(`with ${client.name}`, () => {
          const target = (): Broker => {
            if (started === undefined) throw new Error(`${broker.name} did not start`);
            return started;
          };
          describeClient(client, target);
        });
      }
    });
  }
}

function describeClient(client: PeerClient, broker: () => Broker): void {
  // Also the start of every name of a topic, so that clients can share a broker.
  const prefix = client.name.replaceAll(/[^a-z0-9]+/g, "-");
  let program: Program | undefined;

  beforeAll(() => {
    program = client.install();
  }, installMsMax);

  const run = async (scenario: string, ...more: string[]) => {
    if (program === undefined) throw new Error(`${client.name} is not installed`);
    return report(program, [broker().bootstrap, scenario, prefix, ...more]);
  };

  test("creates, describes, alters and deletes topics", { timeout: scenarioMsMax }, async () => {
    expect((await run("admin")).facts).toEqual(changed(adminFacts(prefix), client.admin));
  });

  test("produces and consumes with every codec, each key where it belongs", { timeout: scenarioMsMax }, async () => {
    const seen = await run("codecs");
    checkCodecs(seen, client.partitionOf);
    const { url } = broker();
    if (url !== undefined) await checkCodecsByHttp(url, `${prefix}-codecs`, seen);
  });

  test("finds offsets by time and resets a group to one", { timeout: scenarioMsMax }, async () => {
    expect((await run("time")).facts).toEqual(changed(timeFacts(), client.time));
  });

  if (client.hasIdempotence) {
    test("produces idempotently, in order and without doubles", { timeout: scenarioMsMax }, async () => {
      const { records } = await run("idempotent");
      const values = Array.from({ length: idempotentRecords }, (_, index) => `${index}`);
      expect(records.map(({ offset }) => offset)).toEqual(values.map(Number));
      expect(records.map(({ value }) => value)).toEqual(values);
      const { url } = broker();
      const topic = `${prefix}-idempotent`;
      if (url !== undefined) expect(await valuesByHttp(url, { topic, partition: 0 })).toEqual(values);
    });
  }

  const { transactions } = client;
  if (transactions !== undefined) {
    test("commits and aborts transactions and is fenced by its successor", { timeout: scenarioMsMax }, async () => {
      const { facts } = await run("transactions");
      expect(facts).toEqual(changed(transactionFacts(), transactions));
      const { url } = broker();
      if (url === undefined) return;
      const topic = `${prefix}-transactions`;
      const seen = [0, 1].map(async (partition) =>
        valuesByHttp(url, { topic, partition, isolation: "read_committed" }),
      );
      expect(await Promise.all(seen)).toEqual(facts["committed after fencing"]);
    });
  }

  test.each(client.protocols)("keeps a group going (%s)", { timeout: scenarioMsMax }, async (protocol) => {
    expect((await run("group", protocol)).facts).toEqual(changed(groupFacts(), client.group));
  });

  if (client.staticProtocols.length > 0) {
    test.each(client.staticProtocols)("restarts a static member (%s)", { timeout: scenarioMsMax }, async (protocol) => {
      expect((await run("static", protocol)).facts).toEqual(staticMemberFacts());
    });
  }
}

async function valuesByHttp(url: string, where: ReadPartitionOptions): Promise<string[]> {
  const client = new StreamkeeperClient({ endpoint: url });
  const values: string[] = [];
  for await (const { value } of client.readPartition({ ...where, stopAtEnd: true })) {
    values.push(new TextDecoder().decode(value ?? new Uint8Array()));
  }
  return values;
}
