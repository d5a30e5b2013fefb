/** Gates of the APIs of users, access control lists and quotas: what is of the whole cluster (KafkaApis). */
import { alterClientQuotas, describeClientQuotas } from "../protocol/apis/client-quotas.ts";
import { alterUserScramCredentials, describeUserScramCredentials } from "../protocol/apis/user-scram-credentials.ts";
import { apiVersions } from "../protocol/apis/api-versions.ts";
import { createAcls, deleteAcls, describeAcls } from "../protocol/apis/acls.ts";
import { saslAuthenticate } from "../protocol/apis/sasl-authenticate.ts";
import { saslHandshake } from "../protocol/apis/sasl-handshake.ts";
import { clusterName } from "./acl.ts";
import { gate, type GateEntry, openGate } from "./gate.ts";
import { clusterRefusal as refusal } from "./security-errors.ts";

export const securityGates: readonly GateEntry[] = [
  openGate(apiVersions, "it says what every client needs to know before it can ask for anything"),
  openGate(saslHandshake, "by it a client becomes somebody"),
  openGate(saslAuthenticate, "by it a client becomes somebody"),
  gate(describeAcls, async ({ request, access, next }) => {
    if (access.may("Describe", "Cluster", clusterName)) return next(request);
    return { throttleTimeMs: 0, ...refusal, resources: [] };
  }),
  gate(createAcls, async ({ request, access, next }) => {
    if (access.may("Alter", "Cluster", clusterName)) return next(request);
    return { throttleTimeMs: 0, results: request.creations.map(() => refusal) };
  }),
  gate(deleteAcls, async ({ request, access, next }) => {
    if (access.may("Alter", "Cluster", clusterName)) return next(request);
    return { throttleTimeMs: 0, filterResults: request.filters.map(() => ({ ...refusal, matchingAcls: [] })) };
  }),
  gate(describeClientQuotas, async ({ request, access, next }) => {
    if (access.may("DescribeConfigs", "Cluster", clusterName)) return next(request);
    return { throttleTimeMs: 0, ...refusal, entries: null };
  }),
  gate(alterClientQuotas, async ({ request, access, next }) => {
    if (access.may("AlterConfigs", "Cluster", clusterName)) return next(request);
    return { throttleTimeMs: 0, entries: request.entries.map(({ entity }) => ({ ...refusal, entity })) };
  }),
  gate(describeUserScramCredentials, async ({ request, access, next }) => {
    if (access.may("Describe", "Cluster", clusterName)) return next(request);
    return { throttleTimeMs: 0, ...refusal, results: [] };
  }),
  gate(alterUserScramCredentials, async ({ request, access, next }) => {
    if (access.may("Alter", "Cluster", clusterName)) return next(request);
    const users = new Set([...request.deletions, ...request.upsertions].map(({ name }) => name));
    return { throttleTimeMs: 0, results: [...users].map((user) => ({ user, ...refusal })) };
  }),
];
