/** What a sequence of calls has learnt: names, ids, epochs and offsets by the fields in which they were answered. */
import type { FuzzRandom } from "../fuzz-random.ts";
import type { Known } from "./schema-values.ts";

const valuesKept = 6;
const fieldsMax = 200;

/** Fields of requests that ask for what answers name otherwise. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  member: ["memberId"],
  beforeOffset: ["offset", "nextOffset"],
  startOffset: ["offset"],
  firstOffset: ["offset"],
  lastOffset: ["offset"],
  expectedOffset: ["nextOffset", "offset"],
  since: ["zxid", "mzxid"],
  fencingToken: ["fencingToken", "token", "czxid"],
  candidate: ["candidate", "candidateId"],
};

const fixed: Readonly<Record<string, readonly unknown[]>> = {
  namespace: ["default", "default", "default", "team"],
  topic: ["orders", "orders", "payments", "__znode_changes", "dead"],
  topics: ["orders", "orders,payments"],
  deadLetterTopic: ["dead"],
  name: ["orders", "payments", "team"],
  partition: [0, 0, 1],
  group: ["g", "g", "s"],
  transactionalId: ["t"],
  path: ["/a", "/a/b", "/app", "/a/b/c"],
  lock: ["l"],
  election: ["e"],
  scheme: ["world", "digest", "auth", "ip"],
  id: ["anyone", "", "10.0.0.0/8"],
  version: [-1, 0],
  memberId: ["w"],
  waitMs: [0, 0, 0, 50],
  maxRecords: [10],
  partitions: [1, 2],
  topicPattern: ["o.*", "[a-z]+"],
  instanceId: ["i"],
  "*": ["retention.ms", "cleanup.policy", "h", "segment.bytes"],
  "retention.ms": ["1000", "-1"],
  "cleanup.policy": ["compact", "delete"],
};

export class KnownValues implements Known {
  readonly #values = new Map<string, unknown[]>();
  readonly sessions: string[] = [];

  valueFor(name: string, random: FuzzRandom): unknown {
    const names = [name, ...(otherNames[name] ?? [])];
    const learnt = names.flatMap((one) => this.#values.get(one) ?? []);
    const given = fixed[name] ?? [];
    if (learnt.length === 0 && given.length === 0) return undefined;
    if (given.length === 0 || (learnt.length > 0 && random.chance(0.6))) return random.pick(learnt);
    return random.pick(given);
  }

  /** Takes what an answer tells. */
  learn(answer: unknown): void {
    if (Array.isArray(answer)) {
      for (const part of answer.slice(0, 4) as unknown[]) this.learn(part);
      return;
    }
    if (typeof answer !== "object" || answer === null) return;
    const { sessionId, password } = answer as Readonly<Record<string, unknown>>;
    if (typeof sessionId === "string" && typeof password === "string") this.sessions.push(`${sessionId}:${password}`);
    for (const [name, value] of Object.entries(answer)) {
      if (typeof value === "object") this.learn(value);
      else this.#keep(name, value);
    }
  }

  #keep(name: string, value: unknown): void {
    const values = this.#values.get(name) ?? [];
    if (values.includes(value) || (values.length === 0 && this.#values.size >= fieldsMax)) return;
    values.push(value);
    if (values.length > valuesKept) values.shift();
    this.#values.set(name, values);
  }
}
