/** What every client must see, of our gateway and of a real ZooKeeper, which proves that the expectations are ZooKeeper's. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Program, report } from "../kafka/peer-program.ts";
import { type ClientBed, openClientBed } from "./client-bed.ts";
import { certificateFile, servers } from "./servers.ts";

const installMsMax = 15 * 60_000;
const startMsMax = 180_000;
const scenarioMsMax = 180_000;

export interface PeerClient {
  readonly name: string;
  /** @throws Error that says what is missing */
  install(): Program;
  /** What the program sees in each scenario, by the fact's name. */
  readonly scenarios: Scenarios;
  /** Those that are run over TLS too, where the client has it: STREAMKEEPER_PEER_CA then names the authority's file. */
  readonly overTls?: Scenarios;
}

type Scenarios = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Declares the tests of a client, on a server of each kind. */
export function describeClient({ name: client, install, scenarios, overTls }: PeerClient): void {
  let program: Program | undefined;

  beforeAll(() => {
    program = install();
  }, installMsMax);

  const run = async (bed: ClientBed, scenario: string) => {
    if (program === undefined) throw new Error("the program is not there");
    const { env, ...installed } = program;
    const trust: Record<string, string> = bed.isSecure ? { STREAMKEEPER_PEER_CA: certificateFile } : {};
    const root = `/${scenario.replaceAll(" ", "-")}`;
    return report({ ...installed, env: { ...env, ...trust } }, [bed.address, scenario, root, bed.direct, bed.control]);
  };

  for (const [server, start] of servers) {
    for (const isSecure of overTls === undefined ? [false] : [false, true]) {
      describe(`${client} on ${server}${isSecure ? " over TLS" : ""}`, () => {
        let bed: ClientBed | undefined;

        beforeAll(async () => {
          bed = await openClientBed(start, isSecure);
        }, startMsMax);

        afterAll(async () => {
          await bed?.[Symbol.asyncDispose]();
        });

        const all = Object.entries((isSecure ? overTls : scenarios) ?? {});
        test.each(all)("%s", { timeout: scenarioMsMax }, async (scenario, expected) => {
          if (bed === undefined) throw new Error("the server is not there");
          const { facts } = await run(bed, scenario);
          expect(facts).toEqual(expected);
        });
      });
    }
  }
}
