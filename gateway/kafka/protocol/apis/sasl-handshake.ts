import { api } from "../api.ts";
import { array, int16, string } from "../types.ts";

/** After v0 the messages of the mechanism come as frames of their own; after v1 as requests (SaslAuthenticate). */
export const saslHandshake = api({
  key: 17,
  name: "SaslHandshake",
  versions: [0, 1],
  request: { mechanism: string },
  response: { errorCode: int16, mechanisms: array(string) },
});
