/** What gateways read of each other in the tree, where anybody may write. */
import { isDeepStrictEqual } from "node:util";
import {
  decodeBroker,
  decodeClusterId,
  decodeController,
  decodeEpoch,
  encodeBroker,
  encodeClusterId,
  encodeController,
  encodeEpoch,
} from "../../../shared/topics/broker-znodes.ts";
import { decodeState, encodeState, statePath } from "../../../shared/topics/partition-state.ts";
import { carePlan } from "../../../shared/topics/topic-care.ts";
import { encodeAssignment, topicPath } from "../../../shared/topics/topic-znodes.ts";
import { ZnodeTree } from "../../../shared/tree/znode-tree.ts";
import { bytesTarget, FuzzFailure, type Target } from "../target.ts";

/** What reads as a broker reads as the same one when it is written again. */
function readBroker(bytes: Uint8Array): void {
  const endpoint = decodeBroker(bytes);
  if (endpoint === undefined) return;
  const again = decodeBroker(encodeBroker(endpoint, "PLAINTEXT", 0));
  if (!isDeepStrictEqual(again, endpoint)) throw new FuzzFailure(`${endpoint.host}:${endpoint.port} becomes another`);
}

function readOthers(bytes: Uint8Array): void {
  const controllerId = decodeController(bytes) ?? 0;
  const epoch = decodeEpoch(bytes);
  for (const value of [controllerId, epoch]) {
    if (!Number.isInteger(value) || value < 0 || value > 2 ** 31 - 1) throw new FuzzFailure(`${value} is no int32`);
  }
  if ((decodeClusterId(bytes) ?? "").length > 64) throw new FuzzFailure("a long cluster id");
}

function readState(bytes: Uint8Array): void {
  const state = decodeState(bytes);
  if (state !== undefined && !isDeepStrictEqual(decodeState(encodeState(state, 1)), state)) {
    throw new FuzzFailure(`a partition that ${state.leader} leads becomes another`);
  }
}

/** Whatever stands in a topic's znodes, what is to be done about it is one multi, or nothing. */
function careFor(bytes: Uint8Array): void {
  const tree = ZnodeTree.initial();
  const root = { ...(tree.node("/") as NonNullable<ReturnType<ZnodeTree["node"]>>), numChildren: 1 };
  const paths = ["/brokers/ids/1", topicPath("t"), `${topicPath("t")}/partitions`, statePath("t", 0)];
  const view = {
    node: (path: string) => (paths.includes(path) ? { ...root, data: bytes } : undefined),
    childNames: (path: string) => new Set(path === "/brokers/ids" ? ["1"] : []),
  } as unknown as ZnodeTree;
  const { operations } = carePlan(view, "t", { topicId: "new", leaderOf: () => 1 });
  if (operations.length > 1_000) throw new FuzzFailure(`${operations.length} operations`);
}

export const clusterTargets: readonly Target[] = [
  bytesTarget({
    name: "cluster.state",
    covers: ["shared/topics/partition-state.ts#decodeState"],
    declared: [],
    sample: (random) =>
      encodeState({ leader: random.between(0, 9), leaderEpoch: random.between(0, 9), isr: [1, 2] }, 3),
    read: readState,
  }),
  bytesTarget({
    name: "cluster.topic",
    covers: [],
    declared: [],
    sample: (random) => encodeAssignment({ topicId: "anId", partitions: random.between(1, 5) }, [[1], [2, 3]]),
    read: careFor,
  }),
  bytesTarget({
    name: "cluster.broker",
    covers: ["shared/topics/broker-znodes.ts#decodeBroker"],
    declared: [],
    sample: (random) => {
      const host = random.pick(["127.0.0.1", "broker.example", "2001:db8::1"]);
      return encodeBroker({ host, port: random.between(1, 65_535) }, "SASL_SSL", 1_700_000_000_000);
    },
    read: readBroker,
  }),
  bytesTarget({
    name: "cluster.others",
    covers: [
      "shared/topics/broker-znodes.ts#decodeController",
      "shared/topics/broker-znodes.ts#decodeEpoch",
      "shared/topics/broker-znodes.ts#decodeClusterId",
    ],
    declared: [],
    sample: (random) =>
      random.pick([encodeController(random.between(0, 5_000), 5), encodeEpoch(12), encodeClusterId("AAECAwQFBgcI")]),
    read: readOthers,
  }),
];
