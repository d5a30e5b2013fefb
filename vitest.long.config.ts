import { defineConfig, mergeConfig } from "vitest/config";
import settings, { ofLongRuns } from "./vitest.config.ts";

const { projects: _, ...test } = settings.test ?? {};

/** What takes too long for `npm test`: `npm run test:long`. None of it waits for long: no more workers than cores. */
export default mergeConfig(defineConfig({ test }), defineConfig({ test: { include: ofLongRuns, maxWorkers: 2 } }));
