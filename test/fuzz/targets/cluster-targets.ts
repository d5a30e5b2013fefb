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

export const clusterTargets: readonly Target[] = [
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
