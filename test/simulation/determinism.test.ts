import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { runSeed } from "./run-seed.ts";
import { scenarios } from "./scenarios.ts";

const seeds = [1, 2];
const size = 0.3;
const home = new URL(".", import.meta.url).href;

/** In a process of its own, in which nothing has run before. */
async function digestsElsewhere(): Promise<Readonly<Record<string, readonly string[]>>> {
  const script = `
    const { runSeed } = await import(${JSON.stringify(`${home}run-seed.ts`)});
    const digests = {};
    for (const scenario of ${JSON.stringify(scenarios.map(({ name }) => name))}) {
      digests[scenario] = [];
      for (const seed of ${JSON.stringify(seeds)}) {
        digests[scenario].push((await runSeed({ scenario, seed, size: ${size} })).digest);
      }
    }
    console.log(JSON.stringify(digests));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  return JSON.parse(stdout) as Readonly<Record<string, readonly string[]>>;
}

const elsewhere = digestsElsewhere();

test.each(scenarios)(
  "the same seed is the same history of $name, here and in another process",
  { timeout: 120_000 },
  async ({ name }) => {
    const digests: string[] = [];
    for (const seed of seeds) digests.push((await runSeed({ scenario: name, seed, size })).digest);
    // The other way round: what ran before makes no difference.
    for (const [index, seed] of [...seeds.entries()].toReversed()) {
      expect((await runSeed({ scenario: name, seed, size })).digest).toBe(digests[index]);
    }
    expect((await elsewhere)[name]).toEqual(digests);
    expect(new Set(digests).size).toBe(seeds.length);
  },
);
