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

/**
 * What takes longest, that none of it is left to one worker while the others have nothing to do. Those that compute stand
 * among those that wait, for there are more workers than cores.
 */
const slow = [
  "simulation/partition-simulation",
  "durability/kill",
  "local/duty-election",
  "local/commands/groups",
  "coordination/embedded",
  "local/commands/verify",
  "requests/tree-requests",
  "client/coordination/session",
  "durability/verify",
  "simulation/group-simulation",
  "client/consumer/with-the-service",
  "local/commands/held-command",
  "coordination/aws",
  "simulation/lock-simulation",
  "local/serve",
  "simulation/determinism",
];

class SlowFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      // Before any worker has loaded what the others share: it would end for them.
      if (withMocks.some((name) => moduleId.endsWith(`/${name}`))) return -1;
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
    // One more than the cores of the smallest machine: many files wait for most of their time.
    maxWorkers: 3,
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
          // Node runs our TypeScript as it is: Vite's own way to load modules makes the calls between them dearer.
          experimental: { viteModuleRunner: false, nodeLoader: false },
        },
      },
    ],
  },
});
