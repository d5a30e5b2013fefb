/** The duties of a process: those of partitions, and those of namespaces' trees, sessions and transactions. */
import { pageItemsMax, sweepMsMax } from "../limits.ts";
import { sweepOverdueMs } from "../limits/sweeps.ts";
import type { Storage } from "../storage/storage.ts";
import { expireZnodes } from "../tree/expire-znodes.ts";
import { tidyTree } from "../tree/tidy-tree.ts";
import type { SessionService } from "./coordination.ts";
import type { PartitionDuties } from "./duty-service.ts";
import { healProjections } from "./heal-projections.ts";
import { askForSweep } from "../storage/arm-sweeps.ts";
import { NextSweep } from "./next-sweep.ts";
import type { Namespaces } from "./namespace-service.ts";
import type { DutyService } from "./services.ts";
import type { TransactionService } from "./transactions.ts";
import type { TreeRegistry } from "./tree-registry.ts";

interface TreeServices {
  readonly trees: TreeRegistry;
  readonly namespaces: Namespaces;
  readonly sessions: SessionService;
  readonly transactions: TransactionService;
}

/**
 * A sweep sees to the trees as well: sessions and znodes whose time is over, projections that a crash left behind,
 * snapshots, entries that they cover.
 */
export function withTrees(
  storage: Storage,
  { trees, namespaces, sessions, transactions }: TreeServices,
  duties: PartitionDuties,
): DutyService {
  const sweepTree = async (name: string, next: NextSweep): Promise<void> => {
    await sessions.sweep(name, next.unlessWoken);
    await expireZnodes(storage, trees.tree(name), next.unlessWoken);
    await healProjections(storage, trees, name);
    // On AWS the snapshot that a writer began may be frozen with its container.
    await trees.tree(name).snapshotIfDue();
    await tidyTree(storage, name, next.later);
  };
  /** The last namespace that the sweep before came to, if it was cut. */
  let sweptTo: string | undefined;
  const sweepTrees = async (next: NextSweep): Promise<void> => {
    const failures: unknown[] = [];
    const beganMs = storage.clock.monotonicMs();
    const { later, cut } = next;
    // First, so that those whose deletion was begun and cannot be are among the others again; and never all of the time.
    const ofDeleted = { endMonotonicMs: beganMs + sweepMsMax / 2, later, cut };
    await namespaces.sweepDeleted(ofDeleted).catch((cause: unknown) => failures.push(cause));
    let nextToken = sweptTo;
    sweptTo = undefined;
    let isCut = false;
    do {
      const page = await namespaces.list({ limit: pageItemsMax, ...(nextToken === undefined ? {} : { nextToken }) });
      for (const { name } of page.items) {
        isCut = storage.clock.monotonicMs() >= beganMs + sweepMsMax;
        if (isCut) break;
        // Neither keeps the other from being done, and one namespace none of the others.
        await sweepTree(name, next).catch((cause: unknown) => failures.push(cause));
        await transactions.sweep(name, next.unlessWoken).catch((cause: unknown) => failures.push(cause));
        nextToken = name;
      }
      if (isCut) break;
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    if (isCut) {
      sweptTo = nextToken;
      cut();
    }
    if (failures.length > 0) throw failures[0];
  };
  let last: NextSweep | undefined;
  return {
    seal: (topicId, partition, segmentBytes) => duties.seal(topicId, partition, segmentBytes),
    retain: (topicId, partition) => duties.retain(topicId, partition),
    collect: (topicId, partition) => duties.collect(topicId, partition),
    compact: (duty) => duties.compact(duty),
    reap: (namespace, sessionId) => sessions.reap(namespace, sessionId),
    expire: (namespace) => expireZnodes(storage, trees.tree(namespace)),
    recover: (id) => transactions.recover(id),
    async sweep() {
      // Neither waits for the other: what one of them fails at must not keep topics unsealed, or trees untidy.
      const next = new NextSweep(storage, last);
      last = next;
      const parts = Promise.allSettled([duties.sweep(next), sweepTrees(next)]);
      const results = await orArmed(storage, parts);
      const failed = results.find((result) => result.status === "rejected");
      await next.ask();
      if (failed === undefined) return;
      // What failed is tried again in the next hour, when who runs the sweep has given up; however often that one tried.
      await storage.wakeUps.arm?.();
      throw failed.reason;
    },
    arm: () => askForSweep(storage, 0),
  };
}

/** The same as `work`; when it takes too long, another sweep is asked for meanwhile, in case that the process is ended. */
async function orArmed<Result>({ timers, wakeUps }: Storage, work: Promise<Result>): Promise<Result> {
  const done = new AbortController();
  void timers
    .sleep(sweepOverdueMs, done.signal)
    .then(() => wakeUps.arm?.())
    .catch(() => undefined);
  try {
    return await work;
  } finally {
    done.abort();
  }
}
