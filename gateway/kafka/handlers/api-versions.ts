import { kafkaError } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import type { ResponseOf } from "../protocol/api.ts";
import { apiVersions } from "../protocol/apis/api-versions.ts";

export const handleApiVersions: Handler<typeof apiVersions> = (_request, { gateway }) => ({
  errorCode: kafkaError.NONE,
  apiKeys: [...gateway.apis.values()].map(({ api, advertised: [minVersion, maxVersion] }) => ({
    apiKey: api.key,
    minVersion,
    maxVersion,
  })),
});

/** For a version of ApiVersions that is not known: which are (KIP-511), in version 0. */
export function unsupportedApiVersions({ apis }: Gateway): ResponseOf<typeof apiVersions> {
  const [minVersion, maxVersion] = apis.get(apiVersions.key)?.advertised ?? apiVersions.versions;
  return {
    errorCode: kafkaError.UNSUPPORTED_VERSION,
    apiKeys: [{ apiKey: apiVersions.key, minVersion, maxVersion }],
  };
}
