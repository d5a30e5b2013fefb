import { defineConfig } from "vitest/config";

/** Tests with the programs of others, which have to be installed: `npm run test:peers`. */
export default defineConfig({
  test: {
    include: ["test/peers/**/*.peer.ts"],
    globals: false,
    pool: "forks",
    maxWorkers: 1,
  },
});
