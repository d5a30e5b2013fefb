import { api } from "../api.ts";
import { array, bool, int16, int32, int8, string } from "../types.ts";

const response = {
  throttleTimeMs: int32.default(0),
  responses: array({
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    resourceType: int8,
    resourceName: string,
  }),
};

/** The whole configuration of each resource: what is not named goes back to its default. */
export const alterConfigs = api({
  key: 33,
  name: "AlterConfigs",
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({ name: string, value: string.nullable() }),
    }),
    validateOnly: bool.default(false),
  },
  response,
});

/** KIP-339. */
export const incrementalAlterConfigs = api({
  key: 44,
  name: "IncrementalAlterConfigs",
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({ name: string, configOperation: int8, value: string.nullable() }),
    }),
    validateOnly: bool.default(false),
  },
  response,
});
