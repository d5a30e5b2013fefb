import { api } from "../api.ts";
import { array, bool, bytes, int16, int32, string } from "../types.ts";
import { operationsNotAsked } from "./metadata.ts";

export const describeGroups = api({
  key: 15,
  name: "DescribeGroups",
  versions: [0, 6],
  flexibleSince: 5,
  request: { groups: array(string), includeAuthorizedOperations: bool.since(3) },
  response: {
    throttleTimeMs: int32.since(1),
    groups: array({
      errorCode: int16,
      errorMessage: string.since(6).nullable().default(null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array({
        memberId: string,
        groupInstanceId: string.since(4).nullable().default(null),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: int32.since(3).default(operationsNotAsked),
    }),
  },
});
