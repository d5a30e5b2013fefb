/** Kafka's rules for the names of topics (`org.apache.kafka.common.internals.Topic`). */
import { topicNameCharsMax } from "../limits.ts";

/** Names that the service offers as topics itself. */
const reservedNames: ReadonlySet<string> = new Set(["__znode_changes"]);

/** What is wrong with a name, or undefined. */
export function findTopicNameProblem(name: string): string | undefined {
  if (name === "") return "the empty string is not allowed";
  if (name === "." || name === "..") return "'.' or '..' is not allowed";
  if (name.length > topicNameCharsMax) return `the length of ${name.length} is longer than ${topicNameCharsMax}`;
  if (/^[a-zA-Z0-9._-]+$/.test(name)) return undefined;
  return "it contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
}

/** True for a name that nobody can create. */
export function isReservedTopicName(name: string): boolean {
  return reservedNames.has(name);
}

/** True for a name that another one could collide with: in names of metrics, Kafka writes `.` as `_`. */
export function mayCollide(name: string): boolean {
  return /[._]/.test(name);
}

/** True for two different names that differ only in `.` and `_`; Kafka has no two such topics. */
export function collide(one: string, other: string): boolean {
  return one !== other && one.replaceAll(".", "_") === other.replaceAll(".", "_");
}
