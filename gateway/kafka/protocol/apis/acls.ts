/** Access control lists; numbers as in `AclOperation`, `AclPermissionType`, `ResourceType` and `PatternType`. */
import { api } from "../api.ts";
import { array, int16, int32, int8, string } from "../types.ts";

/** Nulls, and the number 1, stand for anything. */
const filter = {
  resourceTypeFilter: int8,
  resourceNameFilter: string.nullable(),
  patternTypeFilter: int8,
  principalFilter: string.nullable(),
  hostFilter: string.nullable(),
  operation: int8,
  permissionType: int8,
};
const resource = { resourceType: int8, resourceName: string, patternType: int8 };
const row = { principal: string, host: string, operation: int8, permissionType: int8 };
const failure = { errorCode: int16, errorMessage: string.nullable().default(null) };

export const describeAcls = api({
  key: 29,
  name: "DescribeAcls",
  versions: [1, 3],
  flexibleSince: 2,
  request: filter,
  response: { throttleTimeMs: int32, ...failure, resources: array({ ...resource, acls: array(row) }) },
});

export const createAcls = api({
  key: 30,
  name: "CreateAcls",
  versions: [1, 3],
  flexibleSince: 2,
  request: {
    creations: array({ resourceType: int8, resourceName: string, resourcePatternType: int8, ...row }),
  },
  response: { throttleTimeMs: int32, results: array(failure) },
});

export const deleteAcls = api({
  key: 31,
  name: "DeleteAcls",
  versions: [1, 3],
  flexibleSince: 2,
  request: { filters: array(filter) },
  response: {
    throttleTimeMs: int32,
    filterResults: array({ ...failure, matchingAcls: array({ ...failure, ...resource, ...row }) }),
  },
});
