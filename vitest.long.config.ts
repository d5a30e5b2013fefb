import { defineConfig, mergeConfig } from "vitest/config";
import settings, { ofLongRuns } from "./vitest.config.ts";

const { projects: _, ...test } = settings.test ?? {};

/** What takes too long for `npm test`: `npm run test:long`. */
export default mergeConfig(defineConfig({ test }), defineConfig({ test: { include: ofLongRuns } }));
