import { kafkaError } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import type { describeCluster } from "../protocol/apis/describe-cluster.ts";

const endpoint = { brokers: 1, controllers: 2 } as const;

export const handleDescribeCluster: Handler<typeof describeCluster> = ({ endpointType }, { gateway }) => {
  const { clusterId, placement } = gateway;
  if (endpointType !== endpoint.brokers) {
    const isMismatched = endpointType === endpoint.controllers;
    return {
      errorCode: isMismatched ? kafkaError.MISMATCHED_ENDPOINT_TYPE : kafkaError.UNSUPPORTED_ENDPOINT_TYPE,
      errorMessage: "There are no endpoints but those of brokers here.",
      endpointType,
      clusterId: "",
      brokers: [],
    };
  }
  return {
    errorCode: kafkaError.NONE,
    endpointType,
    clusterId,
    controllerId: placement.controller().nodeId,
    brokers: placement.brokers().map(({ nodeId: brokerId, host, port }) => ({ brokerId, host, port })),
  };
};
