/** The APIs of groups, of either protocol. */
import { type ApiEntry, entry } from "./handler.ts";
import { handleConsumerGroupDescribe } from "./handlers/groups/consumer-group-describe.ts";
import { handleConsumerGroupHeartbeat } from "./handlers/groups/consumer-group-heartbeat.ts";
import { handleDeleteGroups } from "./handlers/groups/delete-groups.ts";
import { handleDescribeGroups } from "./handlers/groups/describe-groups.ts";
import { handleFindCoordinator } from "./handlers/groups/find-coordinator.ts";
import { handleHeartbeat } from "./handlers/groups/heartbeat.ts";
import { handleJoinGroup } from "./handlers/groups/join-group.ts";
import { handleLeaveGroup } from "./handlers/groups/leave-group.ts";
import { handleListGroups } from "./handlers/groups/list-groups.ts";
import { handleOffsetCommit } from "./handlers/groups/offset-commit.ts";
import { handleOffsetDelete } from "./handlers/groups/offset-delete.ts";
import { handleOffsetFetch } from "./handlers/groups/offset-fetch.ts";
import { handleSyncGroup } from "./handlers/groups/sync-group.ts";
import { consumerGroupDescribe } from "./protocol/apis/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "./protocol/apis/consumer-group-heartbeat.ts";
import { deleteGroups } from "./protocol/apis/delete-groups.ts";
import { describeGroups } from "./protocol/apis/describe-groups.ts";
import { findCoordinator } from "./protocol/apis/find-coordinator.ts";
import { heartbeat } from "./protocol/apis/heartbeat.ts";
import { joinGroup } from "./protocol/apis/join-group.ts";
import { leaveGroup } from "./protocol/apis/leave-group.ts";
import { listGroups } from "./protocol/apis/list-groups.ts";
import { offsetCommit } from "./protocol/apis/offset-commit.ts";
import { offsetDelete } from "./protocol/apis/offset-delete.ts";
import { offsetFetch } from "./protocol/apis/offset-fetch.ts";
import { syncGroup } from "./protocol/apis/sync-group.ts";

export const groupApis: readonly ApiEntry[] = [
  entry(findCoordinator, "free", handleFindCoordinator),
  entry(joinGroup, "free", handleJoinGroup),
  entry(syncGroup, "free", handleSyncGroup),
  entry(heartbeat, "free", handleHeartbeat),
  entry(leaveGroup, "free", handleLeaveGroup),
  // A later commit must not be overtaken by an earlier one.
  entry(offsetCommit, "turns", handleOffsetCommit),
  entry(offsetFetch, "free", handleOffsetFetch),
  entry(offsetDelete, "turns", handleOffsetDelete),
  entry(describeGroups, "free", handleDescribeGroups),
  entry(listGroups, "free", handleListGroups),
  entry(deleteGroups, "free", handleDeleteGroups),
  entry(consumerGroupHeartbeat, "free", handleConsumerGroupHeartbeat),
  entry(consumerGroupDescribe, "free", handleConsumerGroupDescribe),
];
