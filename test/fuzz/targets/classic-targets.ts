/** Classic groups, as their item holds them, and what their members say to each other. */
import { advance } from "../../../shared/groups/advance-classic.ts";
import { classicMomentOf } from "../../../shared/groups/classic-item.ts";
import { type ClassicMember, type ClassicState, emptyClassic } from "../../../shared/groups/classic-state.ts";
import { decodeConsumerAssignment, decodeConsumerSubscription } from "../../../shared/groups/consumer-protocol.ts";
import { decodeClassic, encodeClassic } from "../../../shared/groups/encode-classic.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { fieldText } from "../mutate-text.ts";
import { bytesTarget, codecTarget, type Target } from "../target.ts";
import { sealEnd } from "./partition-targets.ts";

const nowMs = 1_750_000_000_000;

function anyClassic(random: FuzzRandom): ClassicState {
  const members = Array.from({ length: random.below(4) }, (_, index): [string, ClassicMember] => {
    const protocols = Array.from({ length: random.below(3) }, (__, place) => ({
      name: `p${place}`,
      metadata: new Uint8Array(random.below(20)).fill(random.below(3)),
    }));
    const own = { memberId: `m${index}`, clientId: fieldText(random), clientHost: "/h", joined: random.chance(0.5) };
    const timeouts = { sessionTimeoutMs: random.below(60_000), rebalanceTimeoutMs: random.below(60_000) };
    const instance = random.chance(0.3) ? { instanceId: fieldText(random) } : {};
    return [
      own.memberId,
      { ...own, ...timeouts, ...instance, protocols, assignment: new Uint8Array(random.below(20)) },
    ];
  });
  return {
    ...emptyClassic,
    phase: random.pick(["Empty", "PreparingRebalance", "CompletingRebalance", "Stable"]),
    generation: random.below(9),
    protocolType: "consumer",
    leader: members.length > 0 ? "m0" : "",
    members: new Map(members),
    pending: new Map(random.chance(0.3) ? [["c-1", nowMs]] : []),
    aliveAtMs: nowMs - random.below(60_000),
    deadlineMs: random.chance(0.5) ? nowMs + random.below(9) : 0,
    ...(random.chance(0.3) ? { initial: { leftMs: random.below(9_000), hasNewcomers: random.chance(0.5) } } : {}),
  };
}

export const classicTargets: readonly Target[] = [
  codecTarget<ClassicState>({
    name: "items.classic-group",
    covers: ["shared/groups/encode-classic.ts#decodeClassic"],
    declared: [MalformedBytesError],
    value: anyClassic,
    encode: encodeClassic,
    decode: (bytes) => {
      const state = decodeClassic(bytes);
      encodeClassic(advance(state, classicMomentOf({}, nowMs, 250)));
      return state;
    },
    seal: sealEnd,
  }),
  bytesTarget({
    name: "items.consumer-protocol",
    covers: [
      "shared/groups/consumer-protocol.ts#decodeConsumerSubscription",
      "shared/groups/consumer-protocol.ts#decodeConsumerAssignment",
    ],
    declared: [],
    sample: () => Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 1, 0x74, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0),
    read: (bytes) => {
      decodeConsumerSubscription(bytes);
      decodeConsumerAssignment(bytes);
    },
  }),
];
