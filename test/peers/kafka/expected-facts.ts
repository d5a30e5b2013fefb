/** What a program tells of a broker that behaves as Kafka does, by scenario. */

type Facts = Readonly<Record<string, unknown>>;

function numbers(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index);
}

function named(name: string, indexes: readonly number[]): string[] {
  return indexes.map((index) => `${name}-${index}`);
}

export function adminFacts(prefix: string): Facts {
  return {
    "topics after create": [`${prefix}-admin`],
    "partitions after create": 3,
    "every partition has a leader": true,
    "code for the topic again": 36,
    "retention.ms as created": "3600000",
    "cleanup.policy": "delete",
    "retention.ms as altered": "7200000",
    "partitions after adding": 5,
    "code for fewer partitions": 37,
    "low watermark after deleting records": 4,
    "earliest after deleting records": 4,
    "cluster has nodes and a controller": true,
    "topics after delete": [],
  };
}

export function timeFacts(): Facts {
  return {
    "offset at 3.5 s": 4,
    "offset at 4 s": 4,
    "offset before all": 0,
    "offset after all": null,
    "offset in an empty partition": null,
    watermarks: [0, 10],
    "offsets as listed": { earliest: 0, latest: 10, "largest timestamp": 9, "3.5 s": 4 },
    "read from 3.5 s on": ["4", "5", "6", "7", "8", "9"],
    "read by the group after its reset": ["4", "5", "6", "7", "8", "9"],
  };
}

export function transactionFacts(): Facts {
  const indexesOf = [
    [0, 2, 4],
    [1, 3, 5],
  ];
  const closed = indexesOf.map((indexes) => [...named("first", indexes), ...named("second", indexes)]);
  const committed = closed.map((values, partition) => [...values, `open-${partition}`]);
  const all = indexesOf.map((indexes, partition) => [
    ...named("first", indexes),
    ...named("aborted", indexes),
    ...named("second", indexes),
    `open-${partition}`,
  ]);
  return {
    "group's offset after commit": [7],
    "group's offset after abort": [7],
    "committed while one is open": closed,
    committed,
    all,
    "an older producer is fenced": true,
    "committed after fencing": committed.map((values, partition) =>
      partition === 0 ? [...values, "successor"] : values,
    ),
  };
}

export function groupFacts(): Facts {
  return {
    "assigned alone": [0, 1, 2, 3],
    "assigned together": [0, 1, 2, 3],
    "state with two members": "STABLE",
    "members with two members": 2,
    "partitions of members with two members": [0, 1, 2, 3],
    "code for deleting a group with members": 68,
    "both members read": true,
    "assigned after one left": [0, 1, 2, 3],
    "read by the group": numbers(0, 120),
    "read twice": [],
    "committed offsets": [30, 30, 30, 30],
    "read by a later member": numbers(120, 160),
    "state when all have left": "EMPTY",
    "members when all have left": 0,
    "partitions of members when all have left": [],
    "group is listed": true,
    "group is listed after its end": false,
  };
}

export function staticMemberFacts(): Facts {
  return {
    "partitions kept over a restart": true,
    "assignments of the other meanwhile": 0,
    "read by the group": numbers(0, 80),
  };
}

/** Some facts fewer where a client cannot tell them, and some more that only it tells. */
export function changed(facts: Facts, { without = [], also = {} }: FactChange = {}): Facts {
  const missing = without.filter((name) => !(name in facts));
  if (missing.length > 0) throw new Error(`no such facts: ${missing.join(", ")}`);
  return { ...Object.fromEntries(Object.entries(facts).filter(([name]) => !without.includes(name))), ...also };
}

export interface FactChange {
  readonly without?: readonly string[];
  readonly also?: Facts;
}
