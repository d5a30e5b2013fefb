import { operations } from "../../shared/api/operations/groups.ts";
import type { DescribeGroupAnswer, MembershipAnswer } from "../../shared/api/schemas/groups.ts";
import { groupBodyBytesMax } from "../../shared/limits/group-requests.ts";
import type { Assignor, CommitResult, GroupDescription, Membership, ResetPoint } from "../../shared/services/groups.ts";
import type { Services } from "../../shared/services/services.ts";
import { partErrorOf } from "../http/answer.ts";
import { invalidRequest } from "../http/invalid-request.ts";
import { type ApiRequest, serving } from "../http/operation.ts";
import type { ServedOperation } from "../http/operation.ts";
import { checkCommitter, topicPartitionsAnswer } from "../records/group-requests.ts";

const { jsonOperation } = serving(operations);

/** Consumer groups: members, and the offsets that they commit. */
export function groupsOperations({ groups }: Pick<Services, "groups">): readonly ServedOperation[] {
  return [
    jsonOperation("joinGroup", async ({ params, body }) => {
      // The service refuses other names, by Kafka's error.
      const assignor = body.assignor as Assignor | undefined;
      return membershipAnswer(await groups.join({ ...params, ...body, assignor }));
    }),
    jsonOperation(
      "heartbeatMember",
      async ({ params: { member, ...name }, body }) =>
        membershipAnswer(await groups.heartbeat({ ...name, memberId: member, ...body })),
      groupBodyBytesMax,
    ),
    jsonOperation("leaveGroup", async ({ params: { member, ...name }, query }) => {
      await groups.leave({ ...name, memberId: member, forever: query.forever });
    }),
    jsonOperation(
      "commitOffsets",
      async ({ params, body }) => {
        checkCommitter(body);
        return { results: (await groups.commit({ ...params, ...body })).map(commitResultAnswer) };
      },
      groupBodyBytesMax,
    ),
    jsonOperation("getGroupOffsets", async ({ params, query }) => {
      const offsets = await groups.offsets({ ...params, ...query });
      return { offsets: offsets.map((offset) => ({ ...offset })) };
    }),
    jsonOperation("resetGroupOffsets", async ({ params, body }) => {
      const { topics, dryRun } = body;
      const results = await groups.reset({ ...params, point: resetPointOf(body), topics, dryRun });
      return { results: results.map((result) => ({ ...result })) };
    }),
    jsonOperation("listGroups", async ({ params, query }) => {
      const { items, nextToken } = await groups.list(params.namespace, query);
      return { groups: items.map(({ group, type, state, members }) => ({ group, type, state, members })), nextToken };
    }),
    jsonOperation("describeGroup", async ({ params }) => groupAnswer(await groups.describe(params))),
    jsonOperation("deleteGroup", async ({ params }) => {
      await groups.delete(params);
    }),
  ];
}

function membershipAnswer(membership: Membership): MembershipAnswer {
  const { memberId, memberEpoch, assignment, heartbeatIntervalMs, sessionTimeoutMs } = membership;
  return {
    memberId,
    memberEpoch,
    assignment: assignment.map(topicPartitionsAnswer),
    heartbeatIntervalMs,
    sessionTimeoutMs,
  };
}

function commitResultAnswer(result: CommitResult) {
  const { topic, partition } = result;
  return "error" in result ? { topic, partition, error: partErrorOf(result.error) } : { topic, partition };
}

type ResetBody = ApiRequest<"resetGroupOffsets">["body"];

/** Each way to name a point has its own field, and no other. */
const pointFields = {
  earliest: undefined,
  latest: undefined,
  timestamp: "timestampMs",
  offset: "offset",
  shift: "by",
} as const;

/** @throws ServiceError INVALID_REQUEST */
function resetPointOf(body: ResetBody): ResetPoint {
  const { to } = body;
  const wanted = pointFields[to];
  for (const field of ["timestampMs", "offset", "by"] as const) {
    if (field !== wanted && body[field] !== undefined) {
      throw invalidRequest("body", field, `is not known with to: ${to}`);
    }
  }
  const value = wanted === undefined ? 0 : body[wanted];
  if (value === undefined) throw invalidRequest("body", String(wanted), "is missing");
  switch (to) {
    case "earliest":
    case "latest":
      return { to };
    case "timestamp":
      return { to, timestampMs: value };
    case "offset":
      return { to, offset: value };
    case "shift":
      return { to, by: value };
  }
}

function groupAnswer(description: GroupDescription): DescribeGroupAnswer {
  const { group, type, state, members, groupEpoch, assignor, memberList } = description;
  return {
    group,
    type,
    state,
    members,
    groupEpoch,
    assignor,
    memberList: memberList.map(
      ({ assignmentTopicIds: _ids, targetTopicIds: _targetIds, clientHost: _host, ...member }) => ({
        ...member,
        topics: [...member.topics],
        assignment: member.assignment.map(topicPartitionsAnswer),
        target: member.target.map(topicPartitionsAnswer),
      }),
    ),
  };
}
