/** ZooKeeper's command line, 3.8 and 3.9, says of ours what it says of ZooKeeper. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Server, servers } from "../servers.ts";
import { recordedSession, type Said, type Session, zkCliCommand, zkCliReleases, zkCliSession } from "./zkcli.ts";

const startMsMax = 5 * 60_000;
const sessionMsMax = 3 * 60_000;

/** Where ours says something else than ZooKeeper, by the server and the command: see docs/zookeeper-differences.md. */
const knownDifferences: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  ours: {
    "listquota /cli/tree": [
      "absolute path is /zookeeper/quota/cli/tree/zookeeper_limits",
      "Output quota for /cli/tree count=10,bytes=-1=;byteHardLimit=-1;countHardLimit=-1",
      // As the command line wrote it: nobody counts.
      "Output stat for /cli/tree count=0,bytes=0",
    ],
  },
};

describe.each(servers)("on %s", (name, start) => {
  const known = knownDifferences[name] ?? {};

  describe.each(zkCliReleases)("zkCli.sh %s", (release) => {
    let server: Server;
    let session: Session;
    const recorded = recordedSession(release);

    beforeAll(async () => {
      server = await start();
      session = await zkCliSession(release, server.address);
    }, startMsMax);

    afterAll(() => server[Symbol.asyncDispose]());

    test.each(numbered(recorded.said))("%i: %s", (index, command, lines) => {
      const isKnown = lines.some((line) => line.startsWith("Output stat")) && known[command] !== undefined;
      expect(session.said[index]).toEqual({ command, lines: isKnown ? known[command] : lines });
    });

    test("watches are told of every change, in order", () => {
      expect(session.events).toEqual(recorded.events);
    });

    test("a single command ends with a status", { timeout: sessionMsMax }, async () => {
      const single = (...command: string[]): ReturnType<typeof zkCliCommand> =>
        zkCliCommand(release, server.address, command);
      expect(await single("create", "/single", "of one command")).toMatchObject({ status: 0 });
      const read = await single("get", "/single");
      expect(read.status).toBe(0);
      expect(read.output).toContain("\nof one command\n");
      const missing = await single("get", "/single/none");
      expect(missing.status).toBe(1);
      expect(missing.output).toContain("Node does not exist: /single/none");
    });

    test("sees what is below a folder as all that there is", { timeout: sessionMsMax }, async () => {
      await zkCliCommand(release, server.address, ["create", "/folder"]);
      const folder = `${server.address}/folder`;
      expect(await zkCliCommand(release, folder, ["create", "/inner", "x"])).toMatchObject({ status: 0 });
      expect((await zkCliCommand(release, folder, ["ls", "/"])).output).toContain("\n[inner]\n");
      expect((await zkCliCommand(release, server.address, ["ls", "/folder"])).output).toContain("\n[inner]\n");
    });
  });
});

function numbered(said: readonly Said[]): [number, string, readonly string[]][] {
  return said.map(({ command, lines }, index) => [index, command, lines]);
}
