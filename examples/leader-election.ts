/**
 * Three candidates lead in turn, each term with a fencing token that keeps deposed leaders' writes out.
 * Start a server (`npm start`), then: npx node examples/leader-election.ts
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Election, isServiceException, StreamkeeperClient } from "../client/index.ts";

const endpoint = process.env["STREAMKEEPER_ENDPOINT"] ?? "http://127.0.0.1:8080";
const election = `scheduler-${Date.now()}`;
const progress = `/progress-${Date.now()}`;

const client = new StreamkeeperClient({ endpoint });
const znodes = client.znodes();
await znodes.create(progress, { data: "nothing yet" });

// Whoever wants to know who leads follows the election, without being a candidate.
const onlooker = await client.session();
const over = new AbortController();
const observing = (async () => {
  for await (const leader of new Election(onlooker, election).observe({ signal: over.signal })) {
    console.log(leader === null ? "nobody leads" : `${String(leader.data)} leads, token ${leader.fencingToken}`);
  }
})();

const candidates = ["ann", "bo", "cy"].map(async (name) => {
  // One session is one process: heartbeats keep it alive, and what it holds goes with it.
  const session = await client.session({ timeoutMs: 5_000 });
  const term = await new Election(session, election).campaign({ data: name });

  // The fence and the write are one transaction: either this candidate leads, or nothing is written.
  await znodes.multi([term.fence, { type: "setData", path: progress, data: `${name} was here` }]);
  await sleep(200, undefined, { signal: term.signal });

  // Not resigned: closing the session ends the term, as a crash would after the session's timeout.
  await session.close();
  return term;
});

const terms = await Promise.all(candidates);
const [first] = terms.toSorted((one, other) => one.fencingToken - other.fencingToken);
if (first === undefined) throw new Error("nobody has led");
try {
  await znodes.multi([first.fence, { type: "setData", path: progress, data: "still me" }]);
} catch (error) {
  if (!isServiceException(error, "FENCED")) throw error;
  console.log(`the first leader writes no more: ${error.name}`);
}
console.log("in the end:", (await znodes.get(progress)).data);

over.abort();
await observing;
await onlooker.close();
client.destroy();
