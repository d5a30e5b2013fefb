/**
 * Bugs that are planted to show that the simulation finds them. Each is a patch against the sources, whose first line says the
 * mistake; here stands where it is looked for, the likeliest place first.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SeedSpan } from "./planted-run.ts";
import { patchesFolder } from "./source-copy.ts";

export interface PlantedBug {
  readonly patch: string;
  /** The mistake, in a line. */
  readonly title: string;
  readonly spans: readonly SeedSpan[];
}

/** Most seeds of a scenario that a planted bug may take to be found. */
const seedsMax = 300;
/** Of scenarios whose seeds take seconds. */
const longSeedsMax = 40;

const longScenarios: ReadonlySet<string> = new Set(["groups"]);

/** Scenarios by the number of the patch. */
export const lookedForBy: Readonly<Record<string, readonly string[]>> = {
  "01": ["partition"],
  "02": ["partition"],
  "03": ["partition"],
  "04": ["partition"],
  "05": ["partition"],
  "06": ["partition"],
  "07": ["exactly-once"],
  "08": ["partition"],
  "09": ["partition"],
  "10": ["partition"],
  "11": ["duties", "partition"],
  "12": ["duties"],
  "13": ["compaction"],
  "14": ["exactly-once"],
  "15": ["compaction"],
  "16": ["transactions"],
  "17": ["exactly-once"],
  "18": ["exactly-once"],
  "19": ["exactly-once"],
  "20": ["groups"],
  "21": ["groups"],
  "22": ["groups"],
  "23": ["share-groups"],
  "24": ["share-groups"],
  "25": ["share-groups"],
  "26": ["sessions"],
  "27": ["sessions"],
  "28": ["znodes"],
  "29": ["znodes"],
  "30": ["znodes"],
  "31": ["znodes"],
  "32": ["znodes"],
  "33": ["znodes"],
  "34": ["tree"],
  "35": ["partition"],
  "36": ["lock"],
  "37": ["partition"],
  "39": ["exactly-once"],
  "41": ["duties"],
  "42": ["partition", "duties"],
  "43": ["world"],
};

/** All of them, by their numbers. */
export async function plantedBugs(): Promise<readonly PlantedBug[]> {
  const names = (await readdir(patchesFolder)).filter((name) => name.endsWith(".patch")).toSorted();
  return await Promise.all(
    names.map(async (patch) => {
      const [title = ""] = (await readFile(join(patchesFolder, patch), "utf8")).split("\n", 1);
      return { patch, title, spans: (lookedForBy[patch.slice(0, 2)] ?? []).map(spanOf) };
    }),
  );
}

function spanOf(scenario: string): SeedSpan {
  return { scenario, seedsMax: longScenarios.has(scenario) ? longSeedsMax : seedsMax };
}
