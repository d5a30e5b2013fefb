/** What the consumer groups of one process and its transactions share. */
import type { Storage } from "../storage/storage.ts";
import { GroupCommits } from "./group-commits.ts";
import { GroupItems } from "./group-items.ts";
import { GroupSettler } from "./group-settler.ts";
import type { TransactionalOffsets } from "./groups.ts";
import { KnownTopics } from "./known-topics.ts";
import type { TopicFinder } from "./services.ts";
import { StagedOffsets } from "./transactional-offsets.ts";

export interface GroupParts {
  readonly items: GroupItems;
  readonly settler: GroupSettler;
  readonly commits: GroupCommits;
  readonly topics: KnownTopics;
}

export function groupParts(storage: Storage, finder: TopicFinder): GroupParts {
  const items = new GroupItems(storage);
  const settler = new GroupSettler(storage, items);
  return { items, settler, commits: new GroupCommits(storage, items, settler), topics: new KnownTopics(finder) };
}

export function transactionalOffsets(storage: Storage, parts: GroupParts): TransactionalOffsets {
  return new StagedOffsets(storage, parts.items, parts.commits, parts.topics);
}
