import { failpointOf, type Faults } from "../../shared/storage/memory/faults.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import { type RequestName, requestNames } from "../../shared/storage/request-name.ts";
import type { SimulatedStore } from "../../shared/storage/memory/simulated-store.ts";

/** What a simulation takes if it does not say otherwise: the highest probability of each fault. */
export const faultsMost: Partial<Faults> = {
  throttled: 0.03,
  unavailable: 0.03,
  credentialsExpired: 0.02,
  diskFull: 0.02,
  timeoutBefore: 0.03,
  timeoutAfter: 0.05,
  timeoutLate: 0.03,
  repeated: 0.06,
  killBefore: 0.002,
  killAfter: 0.003,
  freezeBefore: 0.003,
  freezeAfter: 0.003,
  slow: 0.08,
  existingUnknown: 0.3,
  tornRange: 0.3,
  shortRange: 0.3,
  expiryNever: 0.5,
  blobMissing: 0.02,
  blobTruncated: 0.02,
  blobFlipped: 0.25,
  hintLost: 0.4,
  hintRepeated: 0.2,
  hintStale: 0.3,
  wakeLost: 0.1,
  wakeRepeated: 0.1,
  wakeDelayed: 0.1,
  timersReordered: 0.1,
};

const focusesMax = 3;
const focusFactorMax = 100;
const focusProbability = 0.25;
const rareFocusProbability = 0.3;

/** What collectors ask for, and hardly anybody else: a fault there needs to be likely to happen at all. */
export const collectorRequests: readonly RequestName[] = ["logs.trim", "blobs.put", "blobs.delete", "blobs.list"];

/** Some are asked for so seldom that they are named twice. */
const anyRequests: readonly RequestName[] = [
  ...requestNames,
  "items.delete",
  "items.delete",
  "items.query",
  "blobs.get",
];

/**
 * Some seeds are calm, some are wild, each in its own way: a few faults at any strength, and some places much likelier.
 *
 * @returns lets the same faults begin again, where they were ended meanwhile
 */
export function swarm(
  store: SimulatedStore,
  most: Partial<Faults> = faultsMost,
  focusOn: readonly RequestName[] = anyRequests,
): () => void {
  const random = store.random.fork();
  const kinds = Object.keys(most) as (keyof Faults)[];
  const strength = (fault: keyof Faults): number => (random.chance(0.5) ? random.fraction() * (most[fault] ?? 0) : 0);
  const faults = Object.fromEntries(kinds.map((fault) => [fault, strength(fault)]));
  const focus = drawFocus(random, most, focusOn);
  const begin = (): void => store.setFaults(faults, focus);
  begin();
  return begin;
}

function drawFocus(
  random: SeededRandom,
  most: Partial<Faults>,
  focusOn: readonly RequestName[],
): ReadonlyMap<string, number> {
  const focus = new Map<string, number>();
  const highestOfAll = focusOn === anyRequests ? focusProbability : rareFocusProbability;
  const kinds = Object.keys(most) as (keyof Faults)[];
  for (let count = random.below(focusesMax + 1); count > 0; count -= 1) {
    // By place, so that what many requests can suffer is as likely at each of them as what only one can.
    const places = kinds.flatMap((fault) =>
      focusOn.flatMap((request) => {
        const failpoint = failpointOf(request, fault);
        return failpoint === undefined ? [] : [{ fault, failpoint }];
      }),
    );
    const { fault, failpoint } = random.pick(places);
    const usual = most[fault] ?? 0;
    const highest = Math.max(usual, Math.min(usual * focusFactorMax, highestOfAll));
    if (usual > 0) focus.set(failpoint, random.between(usual, highest));
  }
  return focus;
}
