import { ConflictException, type CreateScheduleCommand, type SchedulerClient } from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scheduleAheadMsMax } from "../../../../shared/limits/sweeps.ts";
import { AwsRequests } from "../../../../shared/storage/aws/aws-requests.ts";
import { AwsWakeUps } from "../../../../shared/storage/aws/aws-wake-ups.ts";
import { decodeScheduleNames } from "../../../../shared/storage/aws/schedule-names.ts";
import { createSchedulerClient } from "../../../../shared/storage/aws/scheduler-client.ts";
import { Schedules } from "../../../../shared/storage/aws/schedules.ts";
import type { Duty } from "../../../../shared/storage/environment.ts";
import {
  StorageThrottledError,
  StorageTimeoutError,
  StorageUnavailableError,
} from "../../../../shared/storage/errors.ts";
import { createMemoryStorage } from "../../../../shared/storage/memory/memory-storage.ts";
import { createNodeEnvironment } from "../../../../shared/storage/node/node-environment.ts";
import { type CannedServer, jsonError, startCannedServer } from "../../../emulators/canned-server.ts";

const names = {
  group: "group",
  roleArn: "arn:aws:iam::000000000000:role/caller",
  sweepArn: "arn:aws:lambda:us-east-1:000000000000:function:sweep:live",
  dutyQueueArn: "arn:aws:sqs:us-east-1:000000000000:duties",
  expiryQueueArn: "arn:aws:sqs:us-east-1:000000000000:expiry",
  failedQueueArn: "arn:aws:sqs:us-east-1:000000000000:failed",
};
const minuteMs = 60_000;
const sweep = { kind: "sweep" } as const;
const seal = { kind: "seal", topicId: "t", partition: 1 } as const;
const expire = { kind: "expire", namespace: "default" } as const;

type Input = CreateScheduleCommand["input"];

/** Schedules on a client that takes everything, at a whole quarter of an hour. */
function open(send: (input: Input) => void = () => {}) {
  const startWallMs = Date.UTC(2026, 0, 1, 12);
  const { storage, time } = createMemoryStorage({ startWallMs });
  const sent: Input[] = [];
  const client = {
    send: async ({ input }: CreateScheduleCommand) => {
      sent.push(input);
      send(input);
    },
  } as unknown as SchedulerClient;
  const schedules = new Schedules({ client, names, requests: new AwsRequests(storage), clock: storage.clock });
  return { schedules, sent, time };
}

describe("a schedule", () => {
  test("calls once, as the role of the group, with the duty, and goes", async () => {
    const { schedules, sent } = open();
    await schedules.add(expire, 20 * minuteMs);
    expect(sent).toEqual([
      {
        GroupName: "group",
        Name: expect.stringMatching(/^expire-[\w-]{22}-\d+$/) as string,
        ScheduleExpression: "at(2026-01-01T12:20:00)",
        FlexibleTimeWindow: { Mode: "OFF" },
        ActionAfterCompletion: "DELETE",
        Target: {
          Arn: names.expiryQueueArn,
          RoleArn: names.roleArn,
          Input: '{"kind":"expire","namespace":"default"}',
          RetryPolicy: { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 },
          DeadLetterConfig: { Arn: names.failedQueueArn },
        },
      },
    ]);
  });

  test("of a partition goes to the queue of long work, of a sweep to the function", async () => {
    const { schedules, sent } = open();
    await schedules.add(seal, 20 * minuteMs);
    await schedules.add(sweep, 0);
    expect(sent.map(({ Target }) => Target?.Arn)).toEqual([names.dutyQueueArn, names.sweepArn]);
  });

  test("has the same name for the same duty within the same minute, and another otherwise", async () => {
    const { schedules, sent } = open();
    const duties: readonly (readonly [Duty, number])[] = [
      [expire, 20 * minuteMs],
      [expire, 20 * minuteMs - 1],
      [expire, 20 * minuteMs + 1],
      [{ ...expire, namespace: "other" }, 20 * minuteMs],
    ];
    for (const [duty, delayMs] of duties) await schedules.add(duty, delayMs);
    const [one, same, later, other] = sent.map(({ Name }) => Name);
    expect(same).toBe(one);
    expect(new Set([one, later, other]).size).toBe(3);
    for (const { Name = "" } of sent) expect(Name).toMatch(/^[0-9a-zA-Z-_.]{1,64}$/);
  });

  test.each([
    [0, "12:15"],
    [15, "12:15"],
    [15.1, "12:30"],
    [60, "13:00"],
    [65, "13:15"],
  ])("of a sweep in %s minutes calls at a quarter of an hour", async (minutes, at) => {
    const { schedules, sent } = open();
    await schedules.add(sweep, minutes * minuteMs);
    expect(sent[0]?.ScheduleExpression).toBe(`at(2026-01-01T${at}:00)`);
  });

  test("of a sweep is never one that may be calling now", async () => {
    const { schedules, sent, time } = open();
    await time.advance(15 * minuteMs - 1_000);
    await schedules.add(sweep, 0);
    expect(sent[0]?.ScheduleExpression).toBe("at(2026-01-01T12:30:00)");
  });

  test("is at most a year ahead", async () => {
    const { schedules, sent } = open();
    await schedules.add(sweep, 10 * scheduleAheadMsMax);
    expect(sent[0]?.ScheduleExpression).toBe("at(2027-01-01T12:00:00)");
  });

  test("that is there already is as good as one's own", async () => {
    const { schedules, sent } = open(() => {
      throw new ConflictException({ message: "exists", Message: "", $metadata: { httpStatusCode: 409 } });
    });
    await schedules.add(sweep, 0);
    expect(sent).toHaveLength(1);
  });
});

describe("what is due beyond SQS's 15 minutes", () => {
  const taken: string[] = [];
  const queues = { wake: async (duty: Duty, delayMs: number) => void taken.push(`${duty.kind} ${delayMs}`) };

  test("goes by Scheduler, and by the queue in hops where there is none or it fails; the rest by the queue", async () => {
    const { schedules, sent } = open();
    const broken = open(() => {
      throw Object.assign(new Error("no"), { $metadata: { httpStatusCode: 403 } });
    });
    await new AwsWakeUps(queues, async () => schedules).wake(seal, 15 * minuteMs);
    await new AwsWakeUps(queues, async () => schedules).wake(seal, 15 * minuteMs + 1);
    await new AwsWakeUps(queues, undefined).wake(expire, 16 * minuteMs);
    await new AwsWakeUps(queues, async () => broken.schedules).wake(expire, 17 * minuteMs);
    expect(sent).toHaveLength(1);
    expect(taken).toEqual([`seal ${15 * minuteMs}`, `expire ${16 * minuteMs}`, `expire ${17 * minuteMs}`]);
  });

  test("is no sweep, which fails without Scheduler", async () => {
    await expect(new AwsWakeUps(queues, undefined).wake(sweep, 0)).rejects.toThrow(StorageUnavailableError);
  });
});

describe("the client, on a server", () => {
  let server: CannedServer;
  beforeAll(async () => (server = await startCannedServer()));
  afterAll(async () => await server.stop());

  async function add(): Promise<void> {
    const environment = createNodeEnvironment();
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    const options = { ...environment, endpoint: server.endpoint, region: "us-east-1", credentials };
    const client = createSchedulerClient({ ...options, requestMsMax: 1_000 });
    const requests = new AwsRequests(environment);
    server.requests = 0;
    try {
      await new Schedules({ client, names, requests, clock: environment.clock }).add(sweep, 0);
    } finally {
      client.destroy();
    }
  }

  test("takes a conflict, in the service's own form, for an answer", async () => {
    server.answers = [jsonError(409, "ConflictException")];
    await add();
    expect(server.requests).toBe(1);
  });

  test.each([
    ["a throttled one", jsonError(429, "ThrottlingException"), StorageThrottledError, 3],
    ["a server's error", jsonError(500, "InternalServerException"), StorageTimeoutError, 3],
    ["a refusal", jsonError(403, "AccessDeniedException"), StorageUnavailableError, 1],
  ] as const)("reports %s, after as many tries as may help", async (_, answer, error, requests) => {
    server.answers = [answer];
    await expect(add()).rejects.toThrow(error);
    expect(server.requests).toBe(requests);
  });

  test("sends it again after one that failed", async () => {
    const answer = { status: 200, headers: { "content-type": "application/json" }, body: '{"ScheduleArn":"x"}' };
    server.answers = [jsonError(500, "InternalServerException"), answer];
    await add();
    expect(server.requests).toBe(2);
  });
});

test("what a function is told of schedules must be whole", () => {
  expect(decodeScheduleNames(JSON.stringify(names))).toEqual(names);
  expect(() => decodeScheduleNames(JSON.stringify({ ...names, roleArn: "" }))).toThrow("has no roleArn");
  expect(() => decodeScheduleNames("[]")).toThrow("has no group");
  expect(() => decodeScheduleNames("none")).toThrow(SyntaxError);
});
