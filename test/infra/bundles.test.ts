/** What `cdk deploy` would upload, bundled once for this file: its size, and what importing it costs a cold start. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { bundleSize } from "../../bench/cold-start/bundle-size.ts";
import { type ImportTime, importTime } from "../../bench/cold-start/import-time.ts";
import { capabilitySizes } from "../../infra/capabilities.ts";
import { type BundledFunctions, bundleFunctions } from "./bundled-functions.ts";

const bundleBytesMax = 960_000;
/** What a cold start parses, and what that takes. */
const eagerBytesMax = 545_000;
const importMsMax = 150;

/** What is not there yet: docs/decisions/0026-cost-and-cold-start.md says why. */
const exceptions: Readonly<Record<string, { readonly bundleBytesMax: number; readonly eagerBytesMax: number }>> = {
  // Consumer groups, with what they read of partitions; RE2 and share groups come later, when they are asked for.
  groups: { bundleBytesMax: 1_140_000, eagerBytesMax: 575_000 },
  // Clients that keep their epoch (0034) are at a start; what is known of classic groups comes when a transaction commits to one.
  transactions: { bundleBytesMax: 970_000, eagerBytesMax: 555_000 },
};
const runsMax = 3;

/** A few seconds of work; more on a busy machine. */
const bundlingMsMax = 120_000;

let bundles: BundledFunctions;
beforeAll(() => {
  bundles = bundleFunctions();
}, bundlingMsMax);

describe.each(Object.keys(capabilitySizes))("the bundle of %s", (capability) => {
  const folder = (): string => bundles.folders.get(capability) ?? "missing";

  const limits = exceptions[capability] ?? { bundleBytesMax, eagerBytesMax };

  test(`is below ${limits.bundleBytesMax} bytes in all, and ${limits.eagerBytesMax} at a cold start`, async () => {
    const { bundleBytes, eagerBytes } = await bundleSize(folder());
    expect(bundleBytes).toBeLessThan(limits.bundleBytesMax);
    expect(eagerBytes).toBeLessThan(limits.eagerBytesMax);
  });

  test("has each of our error classes once, so that instanceof tells them", async () => {
    const files = await readdir(folder());
    const texts = await Promise.all(files.map((file) => readFile(join(folder(), file), "utf8")));
    const definitions = texts.join("\n").match(/name="StorageTimeoutError"/g);
    expect(definitions).toHaveLength(1);
  });

  test("holds no CommonJS that would call require, which an ES module has not", async () => {
    for (const file of await readdir(folder())) {
      expect(await readFile(join(folder(), file), "utf8"), file).not.toContain("Dynamic require of");
    }
  });

  test(`is imported by Node 24 within ${importMsMax} ms, without any environment`, async () => {
    expect(process.versions.node).toMatch(/^24\./);
    const runs: ImportTime[] = [];
    // The best of three; the others only run where the first was too slow.
    while (runs.length < runsMax && runs.every(({ ms }) => ms >= importMsMax)) {
      runs.push(await importTime(join(folder(), "index.mjs")));
    }
    expect(Math.min(...runs.map(({ ms }) => ms))).toBeLessThan(importMsMax);
    expect(runs[0]?.handler).toBe("function");
  });
});
