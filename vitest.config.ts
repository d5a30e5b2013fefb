import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Of what is deployed, which takes a minute to bundle and to rehearse: `npm run test:bundles`, a step of its own in `.ci/run`. */
export const ofBundles = ["test/infra/bundles.test.ts", "test/infra/rehearsal.test.ts"];

/** Minutes of processes that are killed and of writers in each other's way: `npm run test:long`, a step of its own in `.ci/run`. */
export const ofLongRuns = [
  "test/contention/contention.test.ts",
  "test/durability/killed-leader.test.ts",
  "test/durability/transform.test.ts",
];

/** They replace modules for themselves alone, which they cannot in a process that has loaded them for others. */
const withMocks = ["test/functions/coordination-errors.test.ts", "test/functions/group-errors.test.ts"];

/** What takes longest, that none of it is left to one worker while the other has nothing to do. */
const slow = [
  "durability/kill",
  "simulation/partition-simulation",
  "simulation/group-simulation",
  "local/commands/verify",
  "requests/tree-requests",
  "local/commands/held-command",
  "simulation/lock-simulation",
];

class SlowFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = slow.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return index < 0 ? slow.length : index;
    };
    return Promise.resolve(files.toSorted((one, other) => rank(one) - rank(other)));
  }
}

export default defineConfig({
  test: {
    globals: false,
    // Processes, not threads: LMDB and the emulators own native state.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    restoreMocks: true,
    unstubEnvs: true,
    sequence: { sequencer: SlowFirst },
    // What the tests start as processes is compiled once.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/streamkeeper", import.meta.url)) },
    projects: [
      { extends: true, test: { name: "with mocks", include: withMocks, isolate: true } },
      {
        extends: true,
        // A file does not start a process and load all modules again: a third of the time of them all.
        test: {
          name: "all others",
          include: ["test/**/*.test.ts"],
          exclude: [...withMocks, ...ofBundles, ...ofLongRuns],
          isolate: false,
        },
      },
    ],
  },
});
