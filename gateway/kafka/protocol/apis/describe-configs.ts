import { api } from "../api.ts";
import { array, bool, int16, int32, int8, string } from "../types.ts";

export const describeConfigs = api({
  key: 32,
  name: "DescribeConfigs",
  versions: [1, 4],
  flexibleSince: 4,
  request: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      /** Null for all. */
      configurationKeys: array(string).nullable().default(null),
    }),
    includeSynonyms: bool.default(false),
    includeDocumentation: bool.since(3),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: array({
      errorCode: int16,
      errorMessage: string.nullable().default(null),
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8,
        isSensitive: bool.default(false),
        synonyms: array({ name: string, value: string.nullable(), source: int8 }).default([]),
        configType: int8.since(3),
        documentation: string.since(3).nullableSince(3).default(null),
      }),
    }),
  },
});
