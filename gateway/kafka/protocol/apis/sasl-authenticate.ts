import { api } from "../api.ts";
import { bytes, int16, offset64, string } from "../types.ts";

export const saslAuthenticate = api({
  key: 36,
  name: "SaslAuthenticate",
  versions: [0, 2],
  flexibleSince: 2,
  request: { authBytes: bytes },
  response: {
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    authBytes: bytes,
    /** 0: an authentication holds as long as the connection. */
    sessionLifetimeMs: offset64.since(1),
  },
});
