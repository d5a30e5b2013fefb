/** Topics that nobody creates. */
import { znodeChangesTopic } from "../../shared/services/znode-changes.ts";

/** The id by which clients know the tree's changes; it is one that no random one is. */
export const znodeChangesId = "AAAAAAAAAAAAAAAAAAAAAQ";

export function isInternalTopic(name: string): boolean {
  return name === znodeChangesTopic;
}
