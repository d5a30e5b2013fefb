/** What is left of a session when whoever creates, closes or ends it stops, stands still or hears nothing, at every step. */
import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../shared/api/errors.ts";
import type { SessionCredentials } from "../../../shared/services/coordination.ts";
import { StorageTimeoutError } from "../../../shared/storage/errors.ts";
import { interruptRequests, type Step } from "./interrupt-requests.ts";
import { namespace, type SessionProcess, SessionWorld } from "./session-world.ts";

const timeoutMs = 4_000;
const hourMs = 3_600_000;
/** When a queue delivers again what was not done. */
const redeliveryMs = 10_000;
const silenceMs = 15_000;
const never = new Promise<never>(() => {});

/** Stops, or holds up, what a process does at one of its requests. */
type Fault = (step: Step, world: SessionWorld, process: SessionProcess["process"]) => Promise<unknown>;

const kills: Readonly<Record<string, Fault>> = {
  "it is killed before it": (_step, _world, process) => {
    process.kill();
    return never;
  },
  "it is killed while it is on the way": (step, world, process) => {
    void step.send();
    world.store.time.schedule(1, () => process.kill());
    return never;
  },
  "it is killed after it": async (step, _world, process) => {
    await step.send();
    process.kill();
    return await never;
  },
};

const freezesMs = {
  "for a while": 1_500,
  "for most of the timeout": 3_600,
  "past the timeout": 9_000,
  "for hours": 3 * hourMs,
};

const freezes: Readonly<Record<string, Fault>> = Object.fromEntries(
  Object.entries(freezesMs).flatMap(([howLong, ms]): [string, Fault][] => [
    [
      `it stands still ${howLong} before it`,
      async (step, _world, process) => {
        process.freeze(ms, { monotonicStops: true });
        await process.storage.timers.sleep(0);
        return await step.send();
      },
    ],
    [
      `it stands still ${howLong} after it`,
      async (step, _world, process) => {
        const answer = await step.send();
        process.freeze(ms);
        await process.storage.timers.sleep(0);
        return answer;
      },
    ],
  ]),
);

const lostAnswer: Fault = async ({ name, send }) => {
  await send();
  throw new StorageTimeoutError(`${name}: no answer`);
};

const losses: Readonly<Record<string, Fault>> = {
  "it is lost": async ({ name }) => {
    throw new StorageTimeoutError(`${name}: no answer`);
  },
  "its answer is lost": lostAnswer,
  "it arrives late": async ({ name, send }, world) => {
    world.store.time.schedule(3_000, () => void send().catch(() => {}));
    throw new StorageTimeoutError(`${name}: no answer`);
  },
};

/** From one request on. */
const silences: Readonly<Record<string, Fault>> = {
  "none arrives from then on": async ({ name }, world) => {
    await world.sleep(500);
    throw new StorageTimeoutError(`${name}: no answer`);
  },
  "no answer arrives from then on": async (step, world) => {
    await world.sleep(500);
    return await lostAnswer(step, world, world.observer.process);
  },
};

/** A process that has done a few things before, whose requests from now on are counted and one of them meets a fault. */
function startFaulty(world: SessionWorld, at: number, fault: Fault, lasting: boolean) {
  const steps: string[] = [];
  let armedAtMs: number | undefined;
  const process: SessionProcess = world.start({}, (storage) =>
    interruptRequests(storage, (step) => {
      if (armedAtMs === undefined) return step.send();
      const index = steps.push(step.name) - 1;
      const isSilent = lasting && index > at && world.nowMs < armedAtMs + silenceMs;
      return index === at || isSilent ? fault(step, world, process.process) : step.send();
    }),
  );
  return { ...process, steps, arm: () => void (armedAtMs ??= world.nowMs) };
}

interface Course {
  /** Requests that were begun. */
  readonly steps: readonly string[];
  readonly problems: readonly string[];
}

interface Case {
  readonly at: number;
  readonly fault: Fault;
  readonly lasting: boolean;
  readonly seed: number;
}

/** What must hold in the end, with one process that lives and sweeps now and then. */
async function leftOver(world: SessionWorld): Promise<string[]> {
  const { graceMs } = world.observer.storage.lifetimes;
  for (let atMs = 0; atMs <= graceMs + 5 * hourMs; atMs += hourMs) {
    await world.observer.sessions.sweep(namespace);
    await world.sleep(hourMs);
  }
  const problems = [...(await world.open())].map((id) => `session ${id} is left in the tree`);
  for (const { attributes } of world.leases()) problems.push(`a lease is left: ${String(attributes["state"])}`);
  return problems;
}

/** Errors that a caller may meet; anything else is a bug of ours. */
function foundBug(cause: unknown): string[] {
  return cause instanceof ServiceError && cause.code !== "SYSTEM_ERROR" ? [] : [`unexpected: ${String(cause)}`];
}

async function interruptCreate({ at, fault, lasting, seed }: Case): Promise<Course> {
  const world = new SessionWorld({ seed });
  const problems: string[] = [];
  let steps: readonly string[] = [];
  await world.run(async () => {
    const faulty = startFaulty(world, at, fault, lasting);
    ({ steps } = faulty);
    await faulty.trees.tree(namespace).read();
    faulty.arm();
    const created = faulty.sessions.create(namespace, { timeoutMs }).then(async (session) => {
      if (!(await world.open()).includes(session.sessionId)) problems.push("answered, and not in the tree");
      await world.observer.sessions.heartbeat(namespace, session);
      await world.createEphemeral("/e", session);
      // The wake-up comes, and finds it alive, or comes again.
      const goneAtMs = await world.goneAtMs("/e", 20_000);
      if (goneAtMs < world.nowMs - timeoutMs) problems.push("ended too early");
    });
    created.catch((cause: unknown) => problems.push(...foundBug(cause)));
    await world.sleep(60_000);
    problems.push(...(await leftOver(world)));
  });
  return { steps, problems };
}

async function openWithEphemeral(world: SessionWorld): Promise<SessionCredentials> {
  const session = await world.observer.sessions.create(namespace, { timeoutMs });
  await world.createEphemeral("/e", session);
  return session;
}

async function interruptClose({ at, fault, lasting, seed }: Case): Promise<Course> {
  const world = new SessionWorld({ seed });
  const problems: string[] = [];
  let steps: readonly string[] = [];
  await world.run(async () => {
    const faulty = startFaulty(world, at, fault, lasting);
    ({ steps } = faulty);
    const session = await openWithEphemeral(world);
    await faulty.trees.tree(namespace).read();
    faulty.arm();
    const beganAtMs = world.nowMs;
    faulty.sessions.close(namespace, session).then(
      async ({ zxid }) => {
        const tree = await world.observer.trees.tree(namespace).read();
        if (tree.node("/e") !== undefined || tree.lastZxid < zxid)
          problems.push("answered, and its ephemeral is there");
      },
      (cause: unknown) => problems.push(...foundBug(cause)),
    );
    // Whether it was closed or not, it is over when its time is.
    const lateMs = (await world.goneAtMs("/e", 60_000)) - beganAtMs - timeoutMs;
    if (lateMs > 2_000) problems.push(`gone ${lateMs} ms after its time`);
    const heard = await world.observer.sessions.heartbeat(namespace, session).catch(() => undefined);
    if (heard !== undefined) problems.push("a heartbeat after its end");
    await world.sleep(60_000);
    problems.push(...(await leftOver(world)));
  });
  return { steps, problems };
}

async function interruptReap({ at, fault, lasting, seed }: Case): Promise<Course> {
  const world = new SessionWorld({ seed });
  const problems: string[] = [];
  let steps: readonly string[] = [];
  await world.run(async () => {
    const faulty = startFaulty(world, at, fault, lasting);
    ({ steps } = faulty);
    await openWithEphemeral(world);
    await faulty.trees.tree(namespace).read();
    const overAtMs = world.nowMs + timeoutMs;
    world.store.onWake((duty) => {
      if (duty.kind !== "reap") return;
      const id = BigInt(duty.sessionId);
      let done = false;
      faulty.arm();
      faulty.sessions.reap(namespace, id).then(
        () => (done = true),
        (cause: unknown) => {
          if (!(cause instanceof Error && cause.name.startsWith("Storage")))
            problems.push(`unexpected: ${String(cause)}`);
        },
      );
      world.store.time.schedule(redeliveryMs, () => {
        if (!done) void world.observer.sessions.reap(namespace, id);
      });
    });
    const lateMs = (await world.goneAtMs("/e", 120_000)) - overAtMs;
    if (lateMs < 0) problems.push(`gone ${-lateMs} ms too early`);
    if (lateMs > redeliveryMs + silenceMs + 5_000) problems.push(`gone ${lateMs} ms after its time`);
    await world.sleep(60_000);
    problems.push(...(await leftOver(world)));
  });
  return { steps, problems };
}

const unharmed: Fault = ({ send }) => send();

describe.each([
  ["creates", interruptCreate, ["items.update", "wakeUps.wake", "logs.putIfAbsent"]],
  ["closes", interruptClose, ["items.update", "logs.putIfAbsent", "items.delete"]],
  ["ends", interruptReap, ["items.get", "items.update", "logs.putIfAbsent", "items.delete"]],
] as const)("whoever %s a session", (_, interrupt, requests) => {
  test("sends these requests", async () => {
    const { steps, problems } = await interrupt({ at: -1, fault: unharmed, lasting: false, seed: 1 });
    expect(problems).toEqual([]);
    expect(steps.slice(0, requests.length)).toEqual(requests);
  });

  test.each([
    ...Object.entries({ ...kills, ...freezes, ...losses }).map(([name, fault]) => [name, fault, false] as const),
    ...Object.entries(silences).map(([name, fault]) => [name, fault, true] as const),
  ])("leaves nothing for ever, and says nothing untrue, if at any request %s", async (_name, fault, lasting) => {
    const problems: string[] = [];
    for (let at = 0; at <= requests.length; at += 1) {
      for (let seed = 0; seed < 3; seed += 1) {
        const course = await interrupt({ at, fault, lasting, seed });
        problems.push(
          ...course.problems.map((problem) => `request ${at} (${course.steps[at]}), seed ${seed}: ${problem}`),
        );
      }
    }
    expect(problems).toEqual([]);
  });
});
