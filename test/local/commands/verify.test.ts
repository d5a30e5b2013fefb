import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CreateNamespaceCommand,
  CreateTopicCommand,
  CreateZnodeCommand,
  GetChildrenCommand,
  ListGroupsCommand,
  ListNamespacesCommand,
  ListTopicsCommand,
} from "../../../client/index.ts";
import { registerVerify } from "../../../local/commands/verify.ts";
import { TargetError } from "../../../verify/target.ts";
import type { VerifyTarget } from "../../../verify/target.ts";
import {
  createsTwice,
  doublesRecords,
  dropsRecord,
  losesZnode,
  readsStale,
  refusesAll,
  reordersRecords,
  tellsLate,
  writesUnfenced,
} from "../../verify/faulty-target.ts";
import { CommandBed } from "./command-bed.ts";

interface JsonReport {
  readonly isClean: boolean;
  readonly namespace: string;
  readonly seed: number;
  readonly hurt?: { readonly runs: number; readonly failures: number };
  readonly records: Readonly<Record<"acknowledged" | "unknown" | "failed" | "polled", number>>;
  readonly workloads: readonly {
    readonly workload: string;
    readonly checked: number;
    readonly operations: Readonly<Record<string, number>>;
    readonly anomalies: readonly { readonly name: string; readonly detail: string }[];
  }[];
}

let bed: CommandBed;
let folder: string;

beforeAll(async () => {
  bed = await CommandBed.start();
  folder = await mkdtemp(join(tmpdir(), "streamkeeper-verify-"));
});

afterAll(async () => {
  await bed[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Leaves what it makes: to delete it means to wait for sessions that have crashed. */
function verify(args: readonly string[], wrap?: (target: VerifyTarget) => VerifyTarget): ReturnType<typeof runVerify> {
  return runVerify(["--keep", ...args], wrap);
}

async function runVerify(
  args: readonly string[],
  wrap?: (target: VerifyTarget) => VerifyTarget,
): Promise<{ readonly report: JsonReport; readonly failure: string | undefined; readonly stderr: string }> {
  const register = (program: Parameters<typeof registerVerify>[0], terminal: Parameters<typeof registerVerify>[1]) =>
    registerVerify(program, terminal, wrap);
  const { stdout, stderr, failure } = await bed.run(register, ["verify", "--json", "--seed", "3", ...args]);
  return { report: JSON.parse(stdout) as JsonReport, failure, stderr };
}

/** On a busy machine little is done in a short run: the next may get as far as to what is broken. */
async function verifyBroken(
  workload: string,
  wrap: (target: VerifyTarget) => VerifyTarget,
): ReturnType<typeof runVerify> {
  let ran = await verify([...short, "--workloads", workload], wrap);
  const isFound = (): boolean => names(ran.report).some((found) => found !== "unknown" && found !== "missed event");
  for (let run = 1; run < 5 && !isFound(); run += 1) {
    ran = await verify([...short, "--workloads", workload], wrap);
  }
  return ran;
}

/** Names of what was found, each once. */
function names({ workloads }: JsonReport): readonly string[] {
  return [...new Set(workloads.flatMap(({ anomalies }) => anomalies.map(({ name }) => name)))].toSorted();
}

function didTooLittle({ records, workloads }: JsonReport): boolean {
  const found = workloads.flatMap(({ anomalies }) => anomalies);
  const isIdle = found.length > 0 && found.every(({ detail }) => detail.startsWith("nothing was acknowledged"));
  return isIdle || (found.length === 0 && records.acknowledged <= 1_000);
}

const short = ["--minutes", "0.02"];

test("finds nothing wrong with a service that keeps its promises, whatever the workload", async () => {
  let ran = await verify(["--minutes", "0.08", "--clients", "2"]);
  // On a busy machine a workload may have come to nothing in that time.
  for (let minutes = 0.2; minutes < 1 && didTooLittle(ran.report); minutes *= 2) {
    ran = await verify(["--minutes", String(minutes), "--clients", "2"]);
  }
  const { report, failure } = ran;
  const found = report.workloads.flatMap(({ anomalies }) => anomalies);
  expect(found, JSON.stringify(found)).toEqual([]);
  expect(failure).toBeUndefined();
  expect(report).toMatchObject({ isClean: true, seed: 3 });
  expect(report.records.acknowledged).toBeGreaterThan(1_000);
  expect(report.records.polled).toBeGreaterThanOrEqual(report.records.acknowledged);
  for (const { workload, checked } of report.workloads) expect(checked, workload).toBeGreaterThan(0);
});

/** Most of them wait for sessions to end: together. */
describe.concurrent("a run", { timeout: 60_000 }, () => {
  describe("against a service that breaks a promise", () => {
    test("finds the record that was acknowledged and is gone", async () => {
      const { report, failure } = await verifyBroken("log", dropsRecord);
      expect(names(report)).toContain("lost write");
      expect(report.workloads[0]?.anomalies.find(({ name }) => name === "lost write")?.detail).toMatch(/\b7\b/);
      expect(failure).toMatch(/anomal/);
    });

    test("finds the records that were written twice", async () => {
      const { report, failure } = await verifyBroken("log", doublesRecords);
      expect(names(report)).toContain("duplicate");
      // Copies take offsets that nobody was told of.
      expect(names(report).filter((name) => name !== "hole")).toEqual(["duplicate"]);
      expect(failure).toMatch(/anomal/);
    });

    test("finds the two records that a poll answered the wrong way round", async () => {
      const { report } = await verifyBroken("log", reordersRecords);
      expect(names(report)).toContain("internal nonmonotonic poll");
      expect(names(report).filter((name) => !name.includes("poll"))).toEqual([]);
    });

    test("finds the read that was stale", async () => {
      const { report } = await verifyBroken("register", readsStale);
      expect(names(report)).toEqual(["nonlinearizable"]);
    });

    test("finds the data that were seen before their event", async () => {
      const { report } = await verifyBroken("watch", (target) => tellsLate(target, 150));
      expect(names(report)).toContain("data before event");
    });

    test.each([
      ["was created twice", createsTwice, "doubled znode"],
      ["was acknowledged and is gone", losesZnode, "lost znode"],
    ])("finds the sequential znode that %s", async (_, wrap, name) => {
      const { report } = await verifyBroken("sequential", wrap);
      expect(names(report)).toEqual([name]);
    });

    test("finds the write of a deposed holder that came late and was not answered", async () => {
      const { report } = await verifyBroken("lock", (target) => writesUnfenced(target, 100));
      expect(names(report)).toEqual(["deposed holder wrote"]);
    });
  });

  test("gives no verdict where nothing could be done", async () => {
    const error = new TargetError("fail", "other", "not today", { reason: "Refused" });
    const { report, failure } = await verify([...short, "--workloads", "log"], (target) => refusesAll(target, error));
    expect(report.records.acknowledged).toBe(0);
    expect(names(report)).toEqual(["unknown"]);
    expect(failure).toBe("1 anomaly in the report");
  });

  test("ends when enough records are acknowledged", async () => {
    const { report } = await verify(["--workloads", "log", "--records", "500"]);
    expect(report.isClean).toBe(true);
    expect(report.records.acknowledged).toBe(500);
  });

  test("runs the user's script beside the load, again and again, and lets it clean up before the final phase", async () => {
    const marks = join(folder, "marks");
    const script = `trap 'echo healed >> ${marks}; exit 0' TERM; echo hurt >> ${marks}; [ $(wc -l < ${marks}) = 1 ] || { sleep 60 & wait $!; }`;
    const { report, stderr } = await verify(["--minutes", "0.05", "--workloads", "register", "--hurt", script]);
    expect(report.hurt).toEqual({ runs: 2, failures: 0 });
    expect(await readFile(marks, "utf8")).toBe("hurt\nhurt\nhealed\n");
    expect(stderr).toMatch(/asked to end[^]*final phase/);
  });

  describe("what a run has made", () => {
    const workloads = ["--workloads", "log,transactions,sequential,lock,ephemeral"];
    const namespaces = async (): Promise<readonly string[]> =>
      (await bed.client.send(new ListNamespacesCommand({}))).namespaces.map(({ name }) => name);
    const contents = async (namespace: string): Promise<readonly string[]> => {
      const { client } = bed;
      const { topics } = await client.send(new ListTopicsCommand({ namespace }));
      const { groups } = await client.send(new ListGroupsCommand({ namespace }));
      const children = async (path: string): Promise<readonly string[]> =>
        (await client.send(new GetChildrenCommand({ namespace, path }))).children;
      const znodes = [...(await children("/")), ...(await children("/locks"))];
      return [...topics.map(({ name }) => name), ...groups.map(({ group }) => group), ...znodes].filter((name) =>
        /^v[0-9a-f]{8}-/.test(name),
      );
    };

    test("is gone after it, with its namespace, whatever it found", async () => {
      const { report } = await runVerify([...short, ...workloads]);
      expect(report.isClean).toBe(true);
      expect(await namespaces()).not.toContain(report.namespace);
      const broken = await runVerify([...short, "--workloads", "log"], dropsRecord);
      expect(broken.report.isClean).toBe(false);
      expect(await namespaces()).not.toContain(broken.report.namespace);
    });

    test("is gone from a namespace that was there, in which all else stays", async () => {
      const namespace = "was-there";
      await bed.client.send(new CreateNamespaceCommand({ name: namespace }));
      await bed.client.send(new CreateTopicCommand({ namespace, name: "mine" }));
      await bed.client.send(new CreateZnodeCommand({ namespace, path: "/mine" }));
      await runVerify([...short, ...workloads, "--namespace", namespace]);
      expect(await contents(namespace)).toEqual([]);
      const { topics } = await bed.client.send(new ListTopicsCommand({ namespace }));
      expect(topics.map(({ name }) => name)).toEqual(["mine"]);
      const { children } = await bed.client.send(new GetChildrenCommand({ namespace, path: "/" }));
      expect(children).toContain("mine");
    });

    test("stays with --keep", async () => {
      const { report } = await runVerify([...short, ...workloads, "--keep"]);
      expect(await namespaces()).toContain(report.namespace);
      expect((await contents(report.namespace)).length).toBeGreaterThan(5);
    });
  });

  test("writes the history as lines of JSON", async () => {
    const path = join(folder, "history.jsonl");
    const { report } = await verify([...short, "--workloads", "register,lock", "--history", path]);
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    const operations = lines.map((line) => JSON.parse(line) as { workload: string; kind: string });
    expect(operations).toHaveLength(report.workloads.reduce((sum, { checked }) => sum + checked, 0));
    expect(new Set(operations.map(({ workload }) => workload))).toEqual(new Set(["register", "lock"]));
  });

  test("says for people what was counted, and that nothing is wrong", async () => {
    const { stdout } = await bed.run(registerVerify, ["verify", ...short, "--workloads", "log"]);
    expect(stdout).toMatch(/^workload +answered/);
    expect(stdout).toMatch(/Records: [\d,]+ acknowledged, 0 unknown, 0 failed/);
    expect(stdout).toMatch(/Nothing that was acknowledged is lost/);
  });

  test.each([
    [["--workloads", "log,nonsense"], /there is no workload "nonsense"/],
    [["--records", "10", "--workloads", "lock"], /needs the workload log/],
    [["--minutes", "0"], /--minutes/],
    [["--clients", "many"], /--clients/],
    [["--nonsense"], /unknown option/],
    [["--history", "/nowhere/at/all"], /cannot write/],
  ])("refuses %j as a mistake of usage", async (args, message) => {
    const { failure } = await bed.run(registerVerify, ["verify", ...args]);
    expect(failure).toMatch(message);
  });
});
