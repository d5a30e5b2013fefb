/** Users' credentials (KIP-554). */
import { api } from "../api.ts";
import { array, bytes, int16, int32, int8, string } from "../types.ts";

const failure = { errorCode: int16, errorMessage: string.nullable().default(null) };

export const describeUserScramCredentials = api({
  key: 50,
  name: "DescribeUserScramCredentials",
  versions: [0, 0],
  flexibleSince: 0,
  /** Null or none: all users. */
  request: { users: array({ name: string }).nullable() },
  response: {
    throttleTimeMs: int32,
    ...failure,
    results: array({ user: string, ...failure, credentialInfos: array({ mechanism: int8, iterations: int32 }) }),
  },
});

export const alterUserScramCredentials = api({
  key: 51,
  name: "AlterUserScramCredentials",
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    deletions: array({ name: string, mechanism: int8 }),
    upsertions: array({ name: string, mechanism: int8, iterations: int32, salt: bytes, saltedPassword: bytes }),
  },
  response: { throttleTimeMs: int32, results: array({ user: string, ...failure }) },
});
