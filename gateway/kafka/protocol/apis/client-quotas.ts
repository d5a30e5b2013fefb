/** Quotas of users and clients (KIP-546). */
import { api } from "../api.ts";
import { array, bool, float64, int16, int32, int8, string } from "../types.ts";

/** A null name is the default of its type. */
const entity = array({ entityType: string, entityName: string.nullable() });
const failure = { errorCode: int16, errorMessage: string.nullable().default(null) };

export const describeClientQuotas = api({
  key: 48,
  name: "DescribeClientQuotas",
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    /** Match types: 0 exactly the name, 1 the default, 2 any that is named or the default. */
    components: array({ entityType: string, matchType: int8, match: string.nullable() }),
    strict: bool,
  },
  response: {
    throttleTimeMs: int32,
    ...failure,
    entries: array({ entity, values: array({ key: string, value: float64 }) }).nullable(),
  },
});

export const alterClientQuotas = api({
  key: 49,
  name: "AlterClientQuotas",
  versions: [0, 1],
  flexibleSince: 1,
  request: {
    entries: array({ entity, ops: array({ key: string, value: float64, remove: bool }) }),
    validateOnly: bool,
  },
  response: { throttleTimeMs: int32, entries: array({ ...failure, entity }) },
});
