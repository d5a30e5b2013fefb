import { defineConfig } from "vitest/config";
import { ofBundles } from "./vitest.config.ts";

/** Of what would be uploaded: `npm run test:bundles`. */
export default defineConfig({
  test: {
    include: ofBundles,
    globals: false,
    pool: "forks",
    // One of them measures the processor's time, which a neighbour on the same core makes longer.
    maxWorkers: 1,
  },
});
