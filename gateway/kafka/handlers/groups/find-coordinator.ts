import { kafkaError } from "../../error-codes.ts";
import type { Handler } from "../../handler.ts";
import { coordinatorOf, type findCoordinator } from "../../protocol/apis/find-coordinator.ts";

const keyTypes: ReadonlySet<number> = new Set([coordinatorOf.group, coordinatorOf.transaction]);

export const handleFindCoordinator: Handler<typeof findCoordinator> = (request, { gateway, apiVersion }) => {
  const { keyType, key, coordinatorKeys } = request;
  const find = (one: string) => {
    if (!keyTypes.has(keyType)) return { ...nowhere, errorMessage: `There are no coordinators of type ${keyType}` };
    const { nodeId, host, port } = gateway.placement.coordinatorOf(one);
    return { errorCode: kafkaError.NONE, errorMessage: null, nodeId, host, port };
  };
  if (apiVersion < 4) return { throttleTimeMs: 0, ...find(key), coordinators: [] };
  const coordinators = coordinatorKeys.map((one) => ({ key: one, ...find(one) }));
  return { throttleTimeMs: 0, coordinators };
};

const nowhere = { errorCode: kafkaError.INVALID_REQUEST, nodeId: -1, host: "", port: -1 };
