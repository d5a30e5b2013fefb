import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { runSeed } from "./run-seed.ts";
import { scenarios } from "./scenarios.ts";

const seeds = [1, 2] as const;
const size = 0.2;
const home = new URL(".", import.meta.url).href;

/** In a process of its own, in which nothing has run before. */
async function digestsElsewhere(): Promise<Readonly<Record<string, string>>> {
  const script = `
    const { runSeed } = await import(${JSON.stringify(`${home}run-seed.ts`)});
    const digests = {};
    for (const scenario of ${JSON.stringify(scenarios.map(({ name }) => name))}) {
      digests[scenario] = (await runSeed({ scenario, seed: ${seeds[0]}, size: ${size} })).digest;
    }
    console.log(JSON.stringify(digests));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  return JSON.parse(stdout) as Readonly<Record<string, string>>;
}

const elsewhere = digestsElsewhere();

test.each(scenarios)(
  "the same seed is the same history of $name, here and in another process",
  { timeout: 120_000 },
  async ({ name }) => {
    const digests: string[] = [];
    for (const seed of seeds) digests.push((await runSeed({ scenario: name, seed, size })).digest);
    // After another: what ran before makes no difference.
    expect((await runSeed({ scenario: name, seed: seeds[0], size })).digest).toBe(digests[0]);
    expect((await elsewhere)[name]).toBe(digests[0]);
    expect(new Set(digests).size).toBe(seeds.length);
  },
);
