import { kafkaError } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import type { ResponseOf } from "../protocol/api.ts";
import { apiVersions } from "../protocol/apis/api-versions.ts";

export const handleApiVersions: Handler<typeof apiVersions> = (_request, { gateway, apiVersion }) => ({
  errorCode: kafkaError.NONE,
  apiKeys: [...gateway.apis.values()].map(({ api, advertised: [minVersion, maxVersion] }) => ({
    apiKey: api.key,
    minVersion,
    maxVersion,
  })),
  supportedFeatures:
    apiVersion < zeroLevelSince ? [] : features.map(({ name, level }) => ({ name, minVersion: 0, maxVersion: level })),
  finalizedFeaturesEpoch: 0,
  finalizedFeatures: features.map(({ name, level }) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
});

/** Older clients fail at a feature that begins at level 0 (KIP-1022). */
const zeroLevelSince = 4;
/** Level 2: a client that asks for it is told of its producer's next epoch with each end of a transaction (KIP-890). */
const features = [{ name: "transaction.version", level: 2 }];

/** For a version of ApiVersions that is not known: which are (KIP-511), in version 0. */
export function unsupportedApiVersions({ apis }: Gateway): ResponseOf<typeof apiVersions> {
  const [minVersion, maxVersion] = apis.get(apiVersions.key)?.advertised ?? apiVersions.versions;
  return {
    errorCode: kafkaError.UNSUPPORTED_VERSION,
    apiKeys: [{ apiKey: apiVersions.key, minVersion, maxVersion }],
  };
}
