/** What every client must see, of our gateway and of a real ZooKeeper, which proves that the expectations are ZooKeeper's. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Program, report } from "../kafka/peer-program.ts";
import { type ClientBed, openClientBed } from "./client-bed.ts";
import { servers } from "./servers.ts";

const installMsMax = 15 * 60_000;
const startMsMax = 180_000;
const scenarioMsMax = 180_000;

export interface PeerClient {
  readonly name: string;
  /** @throws Error that says what is missing */
  install(): Program;
  /** What the program sees in each scenario, by the fact's name. */
  readonly scenarios: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Declares the tests of a client, on a server of each kind. */
export function describeClient(client: PeerClient): void {
  let program: Program | undefined;
  beforeAll(() => {
    program = client.install();
  }, installMsMax);

  for (const [name, start] of servers) {
    describe(`${client.name} on ${name}`, () => {
      let bed: ClientBed | undefined;

      beforeAll(async () => {
        bed = await openClientBed(start);
      }, startMsMax);

      afterAll(async () => {
        await bed?.[Symbol.asyncDispose]();
      });

      test.each(Object.entries(client.scenarios))("%s", { timeout: scenarioMsMax }, async (scenario, expected) => {
        if (program === undefined || bed === undefined) throw new Error("the program or the server is not there");
        const root = `/${scenario.replaceAll(" ", "-")}`;
        const { facts } = await report(program, [bed.address, scenario, root, bed.direct, bed.control]);
        expect(facts).toEqual(expected);
      });
    });
  }
}
