/** Topics as clients of ZooKeeper write and look for them: what gateways ask of the services. */
import type { LeaderOf } from "../topics/topic-care.ts";

/** What somebody wrote of a topic that cannot be taken as it is. */
export interface TopicProblem {
  readonly name: string;
  /** Of what was written. */
  readonly zxid: number;
  /** For a person. */
  readonly message: string;
}

/** Deals with topics as clients of ZooKeeper write them, and tells such clients what they look for. */
export interface TopicCareService {
  /**
   * Waits for changes after `since`. Names that are absent stand for all topics.
   *
   * @throws ServiceError KAFKA_STORAGE_ERROR | UNKNOWN_NAMESPACE
   */
  changed(
    namespace: string,
    request: { readonly since?: number; readonly waitMs: number; readonly signal?: AbortSignal },
  ): Promise<{ readonly names?: ReadonlySet<string>; readonly zxid: number }>;
  /**
   * Makes a topic of what was written under a name, brings its projection up, or deletes it where that was asked for. Any number
   * of processes may do it at the same time. With `leaderOf` it also says who leads the partitions.
   *
   * @throws ServiceError KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED | REQUEST_TIMED_OUT | UNKNOWN_NAMESPACE: to be tried again
   */
  tend(namespace: string, name: string, leaderOf?: LeaderOf): Promise<TopicProblem | undefined>;
  /** The same for all. @throws as `tend` */
  tendAll(namespace: string, leaderOf?: LeaderOf): Promise<readonly TopicProblem[]>;
}
