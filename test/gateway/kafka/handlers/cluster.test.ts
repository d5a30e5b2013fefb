import { afterAll, beforeAll, expect, test } from "vitest";
import { describeCluster } from "../../../../gateway/kafka/protocol/apis/describe-cluster.ts";
import { listPartitionReassignments } from "../../../../gateway/kafka/protocol/apis/list-partition-reassignments.ts";
import { type GatewayBed, gatewayBed } from "../gateway-bed.ts";

let bed: GatewayBed;
beforeAll(async () => {
  bed = await gatewayBed();
});
afterAll(() => bed.close());

test("DescribeCluster names the gateways as brokers, and has no controllers to connect to", async () => {
  for (const version of [0, 1, 2]) {
    expect(await bed.client.send(describeCluster, {}, version)).toMatchObject({
      errorCode: 0,
      clusterId: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      controllerId: 1,
      brokers: [{ brokerId: 1, host: "127.0.0.1", port: bed.port, rack: null }],
    });
  }
  expect(await bed.client.send(describeCluster, { endpointType: 2 })).toMatchObject({ errorCode: 114 });
  expect(await bed.client.send(describeCluster, { endpointType: 3 })).toMatchObject({ errorCode: 115 });
});

test("no partition is ever on its way to other brokers", async () => {
  expect(await bed.client.send(listPartitionReassignments, {})).toMatchObject({ errorCode: 0, topics: [] });
});
