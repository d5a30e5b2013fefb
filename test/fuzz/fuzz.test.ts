import { describe, expect, test } from "vitest";
import { targets } from "./all-targets.ts";
import { FuzzRandom } from "./fuzz-random.ts";
import { runCases } from "./run-cases.ts";
import { runJobs } from "./run-jobs.ts";
import { codecTarget, type Target, textTarget } from "./target.ts";

/** Some seconds over all targets: what takes millions of inputs to be found is `npm run fuzz`'s to find. */
const inputsPerTarget = 800;
const seed = Math.floor(Math.random() * 0x1_0000_0000);

function shortRun(target: Target): number {
  return Math.max(4, Math.ceil(inputsPerTarget / target.inputsPerCase / Math.sqrt(target.cost)));
}

describe("every target holds for some inputs", () => {
  test.each(targets.map((target) => [target.name, target] as const))("%s", async (_, target) => {
    const { progress, failure } = await runCases({ target, seed, from: 0, to: shortRun(target) });
    expect(failure, `npm run fuzz -- --target ${target.name} --seed ${seed} --case ${failure?.index}`).toBeUndefined();
    expect(progress.inputs).toBeGreaterThan(0);
  });
});

/** By the processor's time: others use it too. */
function spend(ms: number): void {
  const before = process.threadCpuUsage();
  for (let spentMs = 0; spentMs < ms;) {
    const { user, system } = process.threadCpuUsage(before);
    spentMs = (user + system) / 1_000;
  }
}

class Declared extends Error {}

/** Fails on one kind of input only. */
const brokenText = textTarget({
  name: "broken.text",
  covers: [],
  declared: [Declared],
  samples: ["abc", "digits 123"],
  read: (text) => {
    if (text.includes("\\")) throw new TypeError("a backslash");
    if (text.length > 9) throw new Declared("too long");
  },
});

describe("a run", () => {
  test("finds what is wrong, and makes the input small", async () => {
    const { failure } = await runCases({ target: brokenText, seed: 1, from: 0, to: 20_000 });
    expect(failure?.problem).toContain("TypeError: a backslash");
    expect(failure?.input).toBe(String.raw`text "\\"`);
  });

  test("finds the same again by seed and number", async () => {
    const first = (await runCases({ target: brokenText, seed: 1, from: 0, to: 20_000 })).failure;
    const index = first?.index ?? -1;
    const again = (await runCases({ target: brokenText, seed: 1, from: index, to: index + 1 })).failure;
    expect([again?.index, again?.input]).toEqual([first?.index, first?.input]);
  });

  test("counts what is accepted and what is declined by a declared error", async () => {
    const quiet = { ...brokenText, open: (of: number) => brokenText.open(of) };
    const { progress } = await runCases({ target: quiet, seed: 3, from: 0, to: 5 });
    expect(progress.accepted + progress.declined).toBe(progress.inputs);
  });

  test("finds a decoder that takes what cannot be encoded again", async () => {
    const target = codecTarget<number>({
      name: "broken.codec",
      covers: [],
      declared: [Declared],
      value: (random) => random.below(100),
      encode: (value) => {
        if (value > 100) throw new RangeError(`${value} is too much`);
        return Uint8Array.of(value);
      },
      decode: (bytes) => {
        const [value] = bytes;
        if (bytes.length !== 1 || value === undefined) throw new Declared("no byte");
        return value;
      },
    });
    const { failure } = await runCases({ target, seed: 1, from: 0, to: 1_000 });
    expect(failure?.problem).toContain("is too much");
  });

  test("finds an input that takes too long, and says how long one may", async () => {
    const slow: Target = {
      ...brokenText,
      caseMsMax: 20,
      open: () => () => ({
        run: () => {
          spend(40);
          return "accepted";
        },
        smaller: () => [],
        show: () => "slow",
      }),
    };
    const { failure } = await runCases({ target: slow, seed: 1, from: 0, to: 1 });
    expect(failure?.problem).toMatch(/took \d+ ms, 20 allowed/);
  });

  test("finds an input that takes too much memory, and one that leaves too much, but not what others have left", async () => {
    const run = async (left: number, perRun: number, kept: number): Promise<string | undefined> => {
      let bytes = left;
      const hungry: Target = {
        ...brokenText,
        open: () => () => ({
          run: () => {
            bytes += perRun;
            return "accepted";
          },
          smaller: () => [],
          show: () => "hungry",
        }),
      };
      const memory = { bytes: () => bytes, collect: () => void (bytes = kept) };
      const { failure, progress } = await runCases({ target: hungry, seed: 1, from: 0, to: 1 }, { memory });
      expect(progress.heapBytesPeak).toBe(left + perRun);
      return failure?.problem.split("\n")[0];
    };
    expect(await run(2_000_000_000, 1_000, 100_000_000)).toBeUndefined();
    expect(await run(100_000_000, 950_000_000, 100_000_000)).toBe("FuzzFailure: the heap has grown by 950000000 bytes");
    expect(await run(100_000_000, 950_000_000, 910_000_000)).toBe("FuzzFailure: 910000000 bytes are kept");
  });

  test("over several threads gives each target its inputs, and stops when it is told", async () => {
    const some = targets.filter(({ name }) => name === "tree.path" || name === "names.group");
    const options = { targets: some, seed: 1, inputs: 2_000, firstCase: 0, jobs: 2, onProgress: () => undefined };
    const { progress, failures } = await runJobs({ ...options, signal: new AbortController().signal });
    expect(failures).toEqual([]);
    expect(Object.fromEntries([...progress].map(([name, { inputs }]) => [name, inputs]))).toEqual({
      "names.group": 1_000,
      "tree.path": 1_000,
    });
    const stopped = await runJobs({ ...options, inputs: 10_000_000, signal: AbortSignal.abort() });
    expect([...stopped.progress.keys()]).toEqual([]);
  });
});

test("random numbers follow from name, seed and number alone, and differ between them", () => {
  const draw = (name: string, of: number, index: number): number[] => {
    const random = new FuzzRandom(name, of, index);
    return Array.from({ length: 4 }, () => random.uint32());
  };
  expect(draw("a", 1, 1)).toEqual(draw("a", 1, 1));
  expect(new Set([draw("a", 1, 1), draw("b", 1, 1), draw("a", 2, 1), draw("a", 1, 2)].map(String)).size).toBe(4);
});
