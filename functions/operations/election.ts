/** Elections and locks: the recipes that people run ZooKeeper for, as one call each. */
import { operations } from "../../shared/api/operations/elections.ts";
import type { ElectionAnswer } from "../../shared/api/schemas/elections.ts";
import type { Leader } from "../../shared/services/coordination.ts";
import type { Services } from "../../shared/services/services.ts";
import { type AccessSettings, boundedWait, callContext } from "../http/caller.ts";
import { decodedBytes, encodedBytes } from "../http/json-bytes.ts";
import { serving } from "../http/operation.ts";
import type { ServedOperation } from "../http/operation.ts";

const { jsonOperation } = serving(operations);

export function electionOperations(
  { elections, locks }: Pick<Services, "elections" | "locks">,
  access: AccessSettings,
): readonly ServedOperation[] {
  return [
    jsonOperation("campaign", async ({ params, body, routed }) => {
      const { contenderId, data, waitMs } = body;
      return await elections.campaign(callContext(routed, params.namespace, access), params.election, {
        ...contender(contenderId),
        ...(data === undefined ? {} : { data: decodedBytes(data) }),
        ...boundedWait(routed, waitMs),
      });
    }),
    jsonOperation("resign", async ({ params, body, routed }) => {
      const context = callContext(routed, params.namespace, access);
      await elections.resign(context, params.election, contender(body.contenderId));
    }),
    jsonOperation("proclaim", async ({ params, body, routed }) => {
      const context = callContext(routed, params.namespace, access);
      const request = { ...contender(body.contenderId), data: decodedBytes(body.data) };
      return await elections.proclaim(context, params.election, request);
    }),
    jsonOperation("describeElection", async ({ params, routed }) => {
      const context = callContext(routed, params.namespace, access);
      const { leader, candidates, since } = await elections.leader(context, params.election);
      return { leader: leaderAnswer(leader), candidates, since };
    }),
    jsonOperation("observeElection", async ({ params, query, routed }) => {
      const { leader, since } = await elections.observe(
        callContext(routed, params.namespace, access),
        params.election,
        { ...(query.since === undefined ? {} : { since: query.since }), ...boundedWait(routed, query.waitMs) },
      );
      return { leader: leaderAnswer(leader), since };
    }),
    jsonOperation("acquireLock", async ({ params, body, routed }) => {
      const { contenderId, mode, keepPlace, waitMs } = body;
      const request = { ...contender(contenderId), mode, keepPlace, ...boundedWait(routed, waitMs) };
      return await locks.acquire(callContext(routed, params.namespace, access), params.lock, request);
    }),
    jsonOperation("releaseLock", async ({ params, body, routed }) => {
      const context = callContext(routed, params.namespace, access);
      await locks.release(context, params.lock, contender(body.contenderId));
    }),
    jsonOperation("describeLock", async ({ params, routed }) => {
      const { holders, waiting } = await locks.describe(callContext(routed, params.namespace, access), params.lock);
      return { holders: holders.map((holder) => ({ ...holder, sessionId: holder.sessionId.toString() })), waiting };
    }),
  ];
}

function contender(contenderId: string | undefined): { readonly contenderId?: string } {
  return contenderId === undefined ? {} : { contenderId };
}

function leaderAnswer(leader: Leader | undefined): ElectionAnswer["leader"] {
  if (leader === undefined) return null;
  const { path, fencingToken, data, sessionId } = leader;
  return { path, fencingToken, data: encodedBytes(data), sessionId: sessionId.toString() };
}
