/**
 * Runs seeds of one scenario until one of them shows an anomaly: `probe.ts SCENARIO FIRST END`. One line of JSON for each seed.
 */
import { runSeed } from "../simulation/run-seed.ts";

const [scenario = "", first = "0", end = "0"] = process.argv.slice(2);

for (let seed = Number(first); seed < Number(end); seed += 1) {
  const { anomalies } = await runSeed({ scenario, seed });
  const [anomaly] = anomalies;
  process.stdout.write(`${JSON.stringify({ seed, anomaly })}\n`);
  if (anomaly !== undefined) break;
}
// What a scenario left waiting for an answer that never comes must not keep this process.
process.exit(0);
