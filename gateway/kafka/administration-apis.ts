/** The APIs that administrate topics, and describe the cluster. */
import { type ApiEntry, entry } from "./handler.ts";
import { handleAlterConfigs, handleIncrementalAlterConfigs } from "./handlers/alter-configs.ts";
import { handleCreatePartitions } from "./handlers/create-partitions.ts";
import { handleCreateTopics } from "./handlers/create-topics.ts";
import { handleDeleteRecords } from "./handlers/delete-records.ts";
import { handleDeleteTopics } from "./handlers/delete-topics.ts";
import { handleDescribeCluster } from "./handlers/describe-cluster.ts";
import { handleDescribeConfigs } from "./handlers/describe-configs.ts";
import { handleDescribeTopicPartitions } from "./handlers/describe-topic-partitions.ts";
import { handleListPartitionReassignments } from "./handlers/list-partition-reassignments.ts";
import { handleOffsetForLeaderEpoch } from "./handlers/offset-for-leader-epoch.ts";
import { alterConfigs, incrementalAlterConfigs } from "./protocol/apis/alter-configs.ts";
import { createPartitions } from "./protocol/apis/create-partitions.ts";
import { createTopics } from "./protocol/apis/create-topics.ts";
import { deleteRecords } from "./protocol/apis/delete-records.ts";
import { deleteTopics } from "./protocol/apis/delete-topics.ts";
import { describeCluster } from "./protocol/apis/describe-cluster.ts";
import { describeConfigs } from "./protocol/apis/describe-configs.ts";
import { describeTopicPartitions } from "./protocol/apis/describe-topic-partitions.ts";
import { listPartitionReassignments } from "./protocol/apis/list-partition-reassignments.ts";
import { offsetForLeaderEpoch } from "./protocol/apis/offset-for-leader-epoch.ts";

export const administrationApis: readonly ApiEntry[] = [
  entry(createTopics, "turns", handleCreateTopics),
  entry(deleteTopics, "turns", handleDeleteTopics),
  entry(createPartitions, "turns", handleCreatePartitions),
  entry(deleteRecords, "turns", handleDeleteRecords),
  entry(describeConfigs, "free", handleDescribeConfigs),
  entry(alterConfigs, "turns", handleAlterConfigs),
  entry(incrementalAlterConfigs, "turns", handleIncrementalAlterConfigs),
  entry(offsetForLeaderEpoch, "free", handleOffsetForLeaderEpoch),
  entry(listPartitionReassignments, "free", handleListPartitionReassignments),
  entry(describeCluster, "free", handleDescribeCluster),
  entry(describeTopicPartitions, "free", handleDescribeTopicPartitions),
];
