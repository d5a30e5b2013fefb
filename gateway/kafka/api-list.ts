/** The APIs that the gateway serves. */
import { administrationApis } from "./administration-apis.ts";
import { groupApis } from "./group-apis.ts";
import { type ApiEntry, entry } from "./handler.ts";
import { handleApiVersions } from "./handlers/api-versions.ts";
import { handleFetch } from "./handlers/fetch.ts";
import { handleInitProducerId } from "./handlers/init-producer-id.ts";
import { handleListOffsets } from "./handlers/list-offsets.ts";
import { handleMetadata } from "./handlers/metadata.ts";
import { handleProduce } from "./handlers/produce.ts";
import { securityApis } from "./security-apis.ts";
import { transactionApis } from "./transaction-apis.ts";
import { apiVersions } from "./protocol/apis/api-versions.ts";
import { fetch } from "./protocol/apis/fetch.ts";
import { initProducerId } from "./protocol/apis/init-producer-id.ts";
import { listOffsets } from "./protocol/apis/list-offsets.ts";
import { metadata } from "./protocol/apis/metadata.ts";
import { produce } from "./protocol/apis/produce.ts";
import { guarded } from "./security/gate.ts";
import { gates } from "./security/gates.ts";

const entries: readonly ApiEntry[] = [
  entry(produce, "turns", handleProduce),
  entry(fetch, "sent", handleFetch),
  entry(listOffsets, "free", handleListOffsets),
  entry(metadata, "free", handleMetadata),
  entry(apiVersions, "free", handleApiVersions),
  entry(initProducerId, "turns", handleInitProducerId),
  ...securityApis,
  ...administrationApis,
  ...transactionApis,
  ...groupApis,
];

/** By their keys, each behind its gate (`security/gates.ts`). */
export const servedApis: ReadonlyMap<number, ApiEntry> = new Map(
  entries.map((served) => [served.api.key, guarded(served, gates)]),
);
