/** What the consumer groups of one process and its transactions share. */
import type { Storage } from "../storage/storage.ts";
import { GroupCommits } from "./group-commits.ts";
import { GroupItems } from "./group-items.ts";
import { GroupSettler } from "./group-settler.ts";
import type { TransactionalOffsets } from "./groups.ts";
import { KnownTopics } from "./known-topics.ts";
import { laterClassic, type LoadClassic } from "./later-classic.ts";
import { OffsetResolver } from "./resolve-offsets.ts";
import type { TopicFinder } from "./services.ts";
import { StagedOffsets } from "./transactional-offsets.ts";

export interface GroupParts {
  readonly items: GroupItems;
  readonly settler: GroupSettler;
  readonly commits: GroupCommits;
  readonly topics: KnownTopics;
  readonly resolver: OffsetResolver;
}

export function groupParts(storage: Storage, finder: TopicFinder, loadClassic: LoadClassic = laterClassic): GroupParts {
  const items = new GroupItems(storage, loadClassic);
  const settler = new GroupSettler(storage, items);
  const topics = new KnownTopics(finder);
  const commits = new GroupCommits(storage, items, settler);
  return { items, settler, commits, topics, resolver: new OffsetResolver(items, topics) };
}

export function transactionalOffsets(storage: Storage, parts: GroupParts): TransactionalOffsets {
  return new StagedOffsets(storage, parts.items, parts.commits, parts.resolver);
}
