/** ZooKeeper's protocol: its requests, and the gateway that serves them over real connections. */
import { JuteReader } from "../../../gateway/zookeeper/protocol/jute-reader.ts";
import { JuteWriter } from "../../../gateway/zookeeper/protocol/jute-writer.ts";
import { operationNameOf, operations, type Request } from "../../../gateway/zookeeper/protocol/operations.ts";
import { requestHeader } from "../../../gateway/zookeeper/protocol/records.ts";
import type { Field } from "../../../gateway/zookeeper/protocol/schema.ts";
import { RefusedRequest, writeOf } from "../../../gateway/zookeeper/writes.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { FuzzRandom } from "../fuzz-random.ts";
import { smallerList } from "../shrink.ts";
import { bytesTarget, type FuzzCase, sameAgain, type Tally, type Target } from "../target.ts";
import { anyRequest, operationNames } from "../zookeeper/any-request.ts";
import { anyScript, type Script } from "../zookeeper/any-script.ts";
import { GatewayRun } from "../zookeeper/gateway-run.ts";

const framesPerCase = 150;
const framesReadPerCase = 180;
const connectionsMax = 6;
const caseMsMax = 15_000;

/** Reads a request as a connection does, and says it again. @throws MalformedBytesError | RefusedRequest */
function readRequest(bytes: Uint8Array): void {
  const from = new JuteReader(bytes);
  const { type } = requestHeader.read(from);
  const kind = operationNameOf(type);
  if (kind === undefined) throw new MalformedBytesError("no operation");
  const field = operations[kind].request as Field<unknown>;
  const body = field.read(from);
  const encode = (value: unknown): Uint8Array => {
    const to = new JuteWriter().begin();
    field.write(to, value);
    return to.end().subarray(4);
  };
  // What is not UTF-8 grows when it is read.
  sameAgain(body, encode, (encoded) => field.read(new JuteReader(encoded)));
  writeOf({ kind, body } as Request);
}

function sampleRequest(random: FuzzRandom): Uint8Array {
  const name = random.pick(operationNames);
  const to = new JuteWriter().begin();
  requestHeader.write(to, { xid: 1, type: operations[name].code });
  operations[name].request.write(to, anyRequest(random, name, []) as never);
  return Uint8Array.from(to.end().subarray(4));
}

type Burst = readonly Script[];

function gatewayCase(seed: number, index: number, given?: readonly Burst[]): FuzzCase {
  const sent: Burst[] = [];
  const run = async (): Promise<Tally> => {
    sent.length = 0;
    const random = new FuzzRandom("zookeeper.gateway", seed, index);
    await using one = await GatewayRun.begin(random.uint32());
    if (given === undefined) {
      for (let count = 0; count < framesPerCase;) {
        const burst = Array.from({ length: random.between(1, connectionsMax) }, () => anyScript(random, one.learnt));
        sent.push(burst);
        await one.send(burst);
        count += burst.reduce((sum, script) => sum + script.count, 0);
      }
    } else for (const burst of given) await one.send(burst);
    await one.checkReleased();
    return one.tally;
  };
  return {
    run,
    smaller: () => smallerCases(seed, index, [...(given ?? sent)]),
    show: () => (given ?? sent).map((burst) => burst.map(shown).join("\n")).join("\n--\n"),
  };
}

function* smallerCases(seed: number, index: number, given: readonly Burst[]): Generator<FuzzCase> {
  for (const smaller of smallerList(given, (burst) => smallerList(burst, () => []))) {
    if (smaller.every(({ length }) => length > 0)) yield gatewayCase(seed, index, smaller);
  }
}

function shown({ bytes, frames, chunkBytes, ending, isSlow }: Script): string {
  const framing = frames === undefined ? "broken" : `${frames.length} frames`;
  const how = `${framing}, by ${chunkBytes} bytes, ${ending}${isSlow ? ", slow" : ""}`;
  return `${how}: ${Buffer.from(bytes).toString("hex")}`;
}

export const zookeeperTargets: readonly Target[] = [
  bytesTarget({
    name: "zookeeper.requests",
    covers: [],
    declared: [MalformedBytesError, RefusedRequest],
    sample: sampleRequest,
    read: (bytes) => readRequest(bytes),
  }),
  {
    name: "zookeeper.gateway",
    covers: [
      "gateway/zookeeper/zookeeper-gateway.ts#startZooKeeperGateway",
      "gateway/zookeeper/connection.ts#Connection",
    ],
    inputsPerCase: framesReadPerCase,
    cost: 10,
    caseMsMax,
    open: (seed) => (index) => gatewayCase(seed, index),
  },
];
