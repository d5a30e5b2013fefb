/** A tree that holds the most of everything that is counted. */
import { type Call, CoordinationBed, everyone, type OpenedSession, under } from "./coordination-bed.ts";

export interface FullTree {
  readonly bed: CoordinationBed;
  /** Has all the ephemerals that it may have. */
  readonly session: OpenedSession;
}

/** Far more than are allowed where this is used, with limits lowered for the test. */
const triesMax = 1_000;

/** As many sessions, access control lists, and ephemerals of one session, as are allowed. */
export async function fullTree(): Promise<FullTree> {
  const bed = new CoordinationBed();
  const session = await bed.openSession();
  await bed.create("/a");
  const fill = async (callOf: (index: number) => Call): Promise<void> => {
    for (let index = 0; index < triesMax; index += 1) {
      const { json } = await bed.send(callOf(index));
      if (json["error"] === "QUOTA_EXCEEDED") return;
      if (json["error"] !== undefined) throw new Error(`not full, but ${String(json["message"])}`);
    }
    throw new Error(`not full after ${triesMax} calls`);
  };
  await fill(() => ({ id: "createSession" }));
  await fill((index) => ({
    id: "createZnode",
    params: { path: `e${index}` },
    body: { mode: "ephemeral" },
    headers: under(session),
  }));
  await fill((index) => ({
    id: "setZnode",
    params: { path: "a" },
    query: { view: "acl" },
    body: { acl: [...everyone, { permissions: ["read"], scheme: "digest", id: `user:${index}` }] },
  }));
  return { bed, session };
}
