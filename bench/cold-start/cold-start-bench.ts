import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFunction } from "../../infra/bundle.ts";
import { capabilitySizes } from "../../infra/capabilities.ts";
import { formatTable } from "../../local/console/table.ts";
import { type BundleSize, bundleSize } from "./bundle-size.ts";
import { importTime } from "./import-time.ts";

const importMsAim = 100;
const eagerBytesAim = 500_000;

export interface ColdStart extends BundleSize {
  readonly function: string;
  /** The best of several, of the main thread's processor time. */
  readonly importMs: number;
}

export interface ColdStartReport {
  readonly node: string;
  readonly aims: { readonly importMs: number; readonly eagerBytes: number };
  readonly functions: readonly (ColdStart & { readonly reachesAims: boolean })[];
}

/** @param onStep told which function is measured next */
export async function runColdStartBench(runs: number, onStep: (name: string) => void): Promise<readonly ColdStart[]> {
  const folder = await mkdtemp(join(tmpdir(), "streamkeeper-bundles-"));
  try {
    const measured: ColdStart[] = [];
    for (const name of Object.keys(capabilitySizes)) {
      onStep(name);
      bundleFunction(name, join(folder, name));
      measured.push({
        function: name,
        ...(await bundleSize(join(folder, name))),
        ...(await bestImport(folder, name, runs)),
      });
    }
    return measured;
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function coldStartReport(functions: readonly ColdStart[]): ColdStartReport {
  const aims = { importMs: importMsAim, eagerBytes: eagerBytesAim };
  return {
    node: process.versions.node,
    aims,
    functions: functions.map((each) => {
      return { ...each, reachesAims: each.importMs <= aims.importMs && each.eagerBytes <= aims.eagerBytes };
    }),
  };
}

export function coldStartTable({ aims, functions }: ColdStartReport): string {
  const rows = functions.map(({ function: name, bundleBytes, eagerBytes, importMs, reachesAims }) => [
    name,
    Math.round(bundleBytes / 1_000),
    Math.round(eagerBytes / 1_000),
    Math.round(importMs),
    reachesAims ? "yes" : "no",
  ]);
  const head = [
    "FUNCTION",
    "BUNDLE KB",
    "AT A COLD START KB",
    "IMPORT MS",
    `AT MOST ${aims.eagerBytes / 1_000} KB, ${aims.importMs} MS`,
  ];
  return formatTable(head, rows);
}

async function bestImport(folder: string, name: string, runs: number): Promise<{ readonly importMs: number }> {
  let importMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    importMs = Math.min(importMs, (await importTime(join(folder, name, "index.mjs"))).ms);
  }
  return { importMs };
}
