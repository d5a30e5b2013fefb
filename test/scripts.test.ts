import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readRepositoryFile } from "./architecture/source-files.ts";

const run = promisify(execFile);
const { scripts } = JSON.parse(readRepositoryFile("package.json")) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const proofs = ["simulate", "fuzz", "bench", "test:models", "test:planted", "test:verify", "test:deploy"];

test.each(proofs)("npm run %s -- --help says how it is used, and does nothing", { timeout: 30_000 }, async (name) => {
  const [, script = ""] = /^node (\S+)$/.exec(scripts[name] ?? "") ?? [];
  const cwd = new URL("..", import.meta.url);
  const { stdout } = await run(process.execPath, [script, "--help"], { cwd });
  expect(stdout).toMatch(/^Usage: /);
});

test.each(["test:models", "test:planted", "test:verify", "test:deploy"])(
  "npm run %s refuses what it does not know in a few words",
  { timeout: 30_000 },
  async (name) => {
    const [, script = ""] = /^node (\S+)$/.exec(scripts[name] ?? "") ?? [];
    const cwd = new URL("..", import.meta.url);
    const failure = await run(process.execPath, [script, "--nonsense"], { cwd }).catch((cause: unknown) => cause);
    expect(failure).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: unknown option '--nonsense'\s*$/),
    });
  },
);
