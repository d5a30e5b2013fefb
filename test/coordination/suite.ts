/** What coordination, groups and transactions promise, on any store, in real time: run on each adapter. */
import { afterAll, beforeAll, describe } from "vitest";
import { groupCases } from "./group-cases.ts";
import type { Host } from "./host.ts";
import { sessionCases } from "./session-cases.ts";
import { znodeCases } from "./znode-cases.ts";

export function describeCoordination(name: string, open: () => Promise<Host>): void {
  describe(`coordination on ${name}`, () => {
    let host: Host;
    beforeAll(async () => {
      host = await open();
    }, 60_000);
    afterAll(async () => host?.close());

    znodeCases(() => host);
    sessionCases(() => host);
    groupCases(() => host);
  });
}
