/** Everything that takes something from outside, or reads what was stored. */
import { routeTargets } from "./routes/route-targets.ts";
import { archiveTargets } from "./targets/archive-targets.ts";
import { classicTargets } from "./targets/classic-targets.ts";
import { clusterTargets } from "./targets/cluster-targets.ts";
import { edgeTargets } from "./targets/edge-targets.ts";
import { kafkaTargets } from "./targets/kafka-targets.ts";
import { itemTargets } from "./targets/item-targets.ts";
import { kafkaSecurityTargets } from "./targets/kafka-security-targets.ts";
import { partitionTargets } from "./targets/partition-targets.ts";
import { recordTargets } from "./targets/record-targets.ts";
import { storageTargets } from "./targets/storage-targets.ts";
import { textTargets } from "./targets/text-targets.ts";
import { treeTargets } from "./targets/tree-targets.ts";
import { zookeeperTargets } from "./targets/zookeeper-targets.ts";
import type { Target } from "./target.ts";

export const targets: readonly Target[] = [
  ...recordTargets,
  ...partitionTargets,
  ...treeTargets,
  ...itemTargets,
  ...classicTargets,
  ...storageTargets,
  ...textTargets,
  ...archiveTargets,
  ...clusterTargets,
  ...kafkaSecurityTargets,
  ...edgeTargets,
  ...routeTargets,
  ...kafkaTargets,
  ...zookeeperTargets,
];
