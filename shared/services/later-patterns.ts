import type { LoadPatterns } from "./group-topics.ts";
import type { TopicPatterns } from "./topic-pattern.ts";

/** A process's patterns, made when the first is asked for: only then is the code of RE2 read. */
export function laterPatterns(): LoadPatterns {
  let patterns: Promise<TopicPatterns> | undefined;
  const load = async (): Promise<TopicPatterns> => new (await import("./topic-pattern.ts")).TopicPatterns();
  return () => (patterns ??= load());
}
