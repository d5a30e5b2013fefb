/** What `cdk deploy` would upload, bundled once for this file: its size, and what importing it costs a cold start. */
import { execFile } from "node:child_process";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { Template } from "aws-cdk-lib/assertions";
import { beforeAll, describe, expect, test } from "vitest";
import { capabilitySizes } from "../../infra/capabilities.ts";
import { addStack, capabilityOf, resourcesOf, testApp } from "./synthesize.ts";

const bundleBytesMax = 1_000_000;
const importMsMax = 150;
const runsMax = 3;

const run = promisify(execFile);
const folders = new Map<string, string>();

beforeAll(() => {
  const app = testApp();
  const template = Template.fromStack(addStack(app));
  for (const [id, { Properties }] of resourcesOf(template, "AWS::Lambda::Function")) {
    const { S3Key } = Properties["Code"] as { readonly S3Key: string };
    folders.set(capabilityOf(id), join(app.outdir, `asset.${S3Key.replace(".zip", "")}`));
  }
}, 120_000);

interface Import {
  /** What the import took of the main thread's processor time: on an idle machine, the time that it took. */
  readonly ms: number;
  readonly handler: string;
}

/** Imports the file in a process of its own, with nothing of AWS in its environment. */
async function importOnce(file: string): Promise<Import> {
  const script = `
    const before = process.threadCpuUsage();
    const { handler } = await import(${JSON.stringify(pathToFileURL(file).href)});
    const { user, system } = process.threadCpuUsage(before);
    console.log(JSON.stringify({ ms: (user + system) / 1_000, handler: typeof handler }));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], { env: {} });
  return JSON.parse(stdout) as Import;
}

describe.each(Object.keys(capabilitySizes))("the bundle of %s", (capability) => {
  const folder = (): string => folders.get(capability) ?? "missing";

  test("is below 1 MB in all", async () => {
    const files = await readdir(folder(), { recursive: true });
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder(), file))).size));
    expect(files).toContain("index.mjs");
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(bundleBytesMax);
  });

  test("holds no CommonJS that would call require, which an ES module has not", async () => {
    for (const file of await readdir(folder())) {
      expect(await readFile(join(folder(), file), "utf8"), file).not.toContain("Dynamic require of");
    }
  });

  test("is imported by Node 24 within 150 ms, without any environment", async () => {
    expect(process.versions.node).toMatch(/^24\./);
    const runs: Import[] = [];
    // The best of three; the others only run where the first was too slow.
    while (runs.length < runsMax && runs.every(({ ms }) => ms >= importMsMax)) {
      runs.push(await importOnce(join(folder(), "index.mjs")));
    }
    expect(Math.min(...runs.map(({ ms }) => ms))).toBeLessThan(importMsMax);
    expect(runs[0]?.handler).toBe("function");
  });
});
