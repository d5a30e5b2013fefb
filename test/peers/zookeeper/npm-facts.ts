/** What the program in npm/ sees: written down from a real ZooKeeper 3.8. */
export const npmFacts = {
  znodes: {
    created: "/znodes",
    "created again": "-110 node exists",
    "created without a parent": "-101 no node",
    sequential: ["/znodes/s-0000000001", "/znodes/s-0000000002"],
    data: ["one", 0, 3],
    changed: [1, true],
    "changed at an old version": "-103 bad version",
    "its own": true,
    children: [["a", "s-0000000001", "s-0000000002"], 3, 3],
    "deleted with children": "-111 not empty",
    deleted: "-101 no node",
    "a TTL": "/znodes/ttl",
    configuration: "read",
    "in order": true,
  },
  "access control lists": {
    "at first": [
      {
        perms: 31,
        scheme: "world",
        auth: "anyone",
      },
    ],
    "of who set it": [[[31, "digest", "ann"]], 1],
    "who may read": ["-102 not authenticated", null],
    "set by another": "-102 not authenticated",
    "after a reconnection": null,
  },
  watches: {
    "once each": [
      [3, "/a"],
      [1, "/new"],
      [4, ""],
    ],
    "of a deletion": [[2, "/a"]],
  },
  reconnection: {
    "what happened meanwhile": [
      [4, ""],
      [3, "/a"],
      [1, "/new"],
    ],
    "what happened later": [[3, "/kept"]],
    states: ["connect", "connecting", "connect"],
    "the session": [true, true],
  },
  "session loss": {
    "taken over": true,
    "the ephemeral": [[2, "/e"]],
    states: ["connect", "connecting", "close -112"],
    "the next session": true,
    children: [],
  },
} as const;
