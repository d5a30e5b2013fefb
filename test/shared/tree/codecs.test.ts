import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { zxid } from "../../../shared/brand.ts";
import { ByteReader } from "../../../shared/record/byte-reader.ts";
import { crc32c } from "../../../shared/record/crc32c.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import type { LogEntry, LogId } from "../../../shared/storage/log-store.ts";
import { applyTransaction } from "../../../shared/tree/apply.ts";
import { decodeResults, encodeResults } from "../../../shared/tree/operation-results.ts";
import { planWrites } from "../../../shared/tree/plan-writes.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../shared/tree/snapshot-codec.ts";
import { statOf } from "../../../shared/tree/stat.ts";
import { decodeTransactions, encodeTransactions } from "../../../shared/tree/transaction-codec.ts";
import type { Transaction } from "../../../shared/tree/transaction.ts";
import { decodeTreeEntry, encodeTreeEntryMeta } from "../../../shared/tree/tree-entry.ts";
import type { OperationResult, TreeRequest } from "../../../shared/tree/tree-request.ts";
import { ZnodeTree } from "../../../shared/tree/znode-tree.ts";
import { anyTreeOperation, create, dump, remove, setData } from "./operations.ts";

const anyRequests: fc.Arbitrary<TreeRequest[]> = fc.array(
  fc
    .record({
      operations: fc.array(anyTreeOperation, { minLength: 1, maxLength: 3 }),
      identities: fc.constantFrom(undefined, [], [{ scheme: "digest", id: "ann:x" }]),
      session: fc.constantFrom(undefined, { sessionId: 7n }, { sessionId: 8n, password: new Uint8Array(16).fill(9) }),
      idempotency: fc.option(
        fc.record({ key: fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }), fingerprint: fc.nat(3) }),
        { nil: undefined },
      ),
    })
    .map((request) => Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as never),
  { minLength: 1, maxLength: 30 },
);

/** Carries out requests in groups; answers the tree and what was written. */
function carryOut(requests: readonly TreeRequest[]): {
  readonly tree: ZnodeTree;
  readonly log: readonly Transaction[];
} {
  const tree = ZnodeTree.initial();
  const log: Transaction[] = [];
  for (let start = 0; start < requests.length; start += 3) {
    const plan = planWrites(tree, requests.slice(start, start + 3), log.length, 1_750_000_000_000 + start);
    for (const transaction of plan.transactions) {
      applyTransaction(tree, transaction, zxid(log.length), 1_750_000_000_000 + start);
      log.push(transaction);
    }
  }
  return { tree, log };
}

function snapshotOf(tree: ZnodeTree): Uint8Array {
  const image = tree.beginImage();
  const bytes = Buffer.concat([...encodeSnapshot(image)]);
  image.close();
  return new Uint8Array(bytes);
}

function entryOf(transactions: readonly Transaction[], payload: Uint8Array): LogEntry {
  return {
    logId: "tree:default" as LogId,
    position: 5,
    next: 5 + transactions.length,
    attempt: "a",
    appendedAtMs: 1,
    meta: encodeTreeEntryMeta(transactions.length, payload),
    payload: { kind: "inline", bytes: payload },
  };
}

/** Open to all, as is the parent. */
const lists = { aclIndex: 0, parentAclIndex: 0 } as const;

describe("transactions", () => {
  test("come back as they were", () => {
    fc.assert(
      fc.property(anyRequests, (requests) => {
        const { log } = carryOut(requests);
        const payload = encodeTransactions(log);
        expect(decodeTransactions(payload, log.length)).toEqual(log);
        expect(decodeTreeEntry(entryOf(log, payload), payload)).toEqual(log);
      }),
      { numRuns: 200 },
    );
  });

  test("are refused with a typed error when a byte is wrong, missing or too many", () => {
    const { log } = carryOut([
      { operations: [create("/a", "data"), create("/a/b")], idempotency: { key: "key", fingerprint: 7 } },
      { operations: [setData("/a", "other"), remove("/a/b")] },
    ]);
    const payload = encodeTransactions(log);
    const entry = entryOf(log, payload);
    fc.assert(
      fc.property(fc.nat(payload.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(3), (at, flip, extra) => {
        const changed = new Uint8Array(payload);
        changed[at] = (changed[at] ?? 0) ^ flip;
        for (const bytes of [
          changed,
          payload.slice(0, at),
          new Uint8Array([...payload, ...new Uint8Array(extra + 1)]),
        ]) {
          expect(() => decodeTreeEntry(entry, bytes)).toThrow(StorageCorruptError);
        }
        // Without the checksum, what is read may be something else, but nothing else is thrown.
        try {
          decodeTransactions(changed, log.length);
        } catch (cause) {
          expect(cause).toBeInstanceOf(MalformedBytesError);
        }
      }),
      { numRuns: 600 },
    );
  });

  test("of a version, a kind or with flags that are not known are refused", () => {
    const payload = encodeTransactions([
      { changes: [{ kind: "create", path: "/a", data: null, owner: 0n, ...lists }] },
    ]);
    expect([...payload]).toEqual([1, 0, 1, 1, 0, 2, 47, 97, 0]);
    for (const [at, value] of [
      [0, 2],
      [1, 2],
      [3, 13],
      [4, 4],
    ] as const) {
      const newer = new Uint8Array(payload);
      newer[at] = value;
      expect(() => decodeTransactions(newer, 1)).toThrow(MalformedBytesError);
    }
  });

  test("do not agree with an entry of another length or with a damaged meta", () => {
    const transactions: readonly Transaction[] = [{ changes: [{ kind: "delete", path: "/a", ...lists }] }];
    const payload = encodeTransactions(transactions);
    const entry = entryOf(transactions, payload);
    expect(() => decodeTreeEntry({ ...entry, next: 7 }, payload)).toThrow(StorageCorruptError);
    for (let at = 0; at < entry.meta.length; at += 1) {
      const meta = new Uint8Array(entry.meta);
      meta[at] = (meta[at] ?? 0) ^ 0x10;
      expect(() => decodeTreeEntry({ ...entry, meta }, payload)).toThrow(StorageCorruptError);
      expect(() => decodeTreeEntry({ ...entry, meta: entry.meta.slice(0, at) }, payload)).toThrow(StorageCorruptError);
    }
  });

  test("that do not fit the tree show that log and state have parted", () => {
    const apply =
      (change: Transaction["changes"][number], at = 1) =>
      (): void =>
        applyTransaction(ZnodeTree.initial(), { changes: [change] }, zxid(at), 0);
    expect(apply({ kind: "create", path: "/x/y", data: null, owner: 0n, ...lists })).toThrow(StorageCorruptError);
    expect(apply({ kind: "create", path: "/zookeeper", data: null, owner: 0n, ...lists })).toThrow(StorageCorruptError);
    expect(apply({ kind: "setData", path: "/x", data: null, version: 1, aclIndex: 0 })).toThrow(StorageCorruptError);
    expect(apply({ kind: "setData", path: "/", data: null, version: 2, aclIndex: 0 })).toThrow(StorageCorruptError);
    expect(apply({ kind: "delete", path: "/x", ...lists })).toThrow(StorageCorruptError);
    expect(apply({ kind: "delete", path: "/zookeeper", ...lists })).toThrow(StorageCorruptError);
    expect(apply({ kind: "genesis" })).toThrow(StorageCorruptError);
    expect(apply({ kind: "genesis" }, 0)).not.toThrow();
  });
});

test("results of a remembered request come back as they were", () => {
  fc.assert(
    fc.property(anyRequests, (requests) => {
      const tree = ZnodeTree.initial();
      const plan = planWrites(tree, requests, 0, 1_750_000_000_000);
      for (const answer of plan.answers) {
        if (answer.kind !== "written") continue;
        const { results } = answer.result;
        expect(decodeResults(encodeResults(results))).toEqual(results);
      }
    }),
    { numRuns: 200 },
  );
  const large: OperationResult = {
    kind: "create",
    path: "/é",
    stat: {
      czxid: zxid(Number.MAX_SAFE_INTEGER),
      mzxid: zxid(0),
      pzxid: zxid(5),
      ctime: 0,
      mtime: 1_750_000_000_000,
      version: -2_147_483_648,
      cversion: -2,
      aversion: -1,
      ephemeralOwner: -9_223_372_036_854_775_808n,
      dataLength: 1_048_575,
      numChildren: 5_000_000_000,
    },
  };
  expect(decodeResults(encodeResults([large]))).toEqual([large]);
});

describe("a snapshot", () => {
  test("with the entries behind it makes the same tree as all entries", () => {
    fc.assert(
      fc.property(anyRequests, fc.nat(40), (requests, cut) => {
        const { tree, log } = carryOut(requests);
        const half = ZnodeTree.initial();
        const at = Math.min(cut, log.length);
        const replay = (onto: ZnodeTree, from: number, to: number): void => {
          // Times are those of the groups: not needed here, so that both replays use a made-up one.
          for (let index = from; index < to; index += 1)
            applyTransaction(onto, log[index] ?? { changes: [] }, zxid(index), index);
        };
        replay(half, 0, at);
        const restored = decodeSnapshot(snapshotOf(half));
        expect(dump(restored)).toEqual(dump(half));
        replay(restored, at, log.length);
        replay(half, at, log.length);
        expect(dump(restored)).toEqual(dump(half));
        expect(dump(decodeSnapshot(snapshotOf(tree)))).toEqual(dump(tree));
      }),
      { numRuns: 200 },
    );
  });

  test("is that of its beginning, whatever the tree does while it is written", () => {
    fc.assert(
      fc.property(anyRequests, anyRequests, (before, after) => {
        const { tree, log } = carryOut(before);
        const expected = dump(tree);
        const image = tree.beginImage();
        const seen: Record<string, unknown> = {};
        let position = Math.max(log.length, 1);
        let next = 0;
        for (const [path, node] of image.nodes()) {
          seen[path] = {
            stat: statOf(node),
            data: node.data === null ? null : Buffer.from(node.data).toString("latin1"),
          };
          const plan = planWrites(tree, after.slice(next, next + 1), position, 5);
          next += 1;
          for (const transaction of plan.transactions) applyTransaction(tree, transaction, zxid(position++), 5);
        }
        const nodes = Object.entries(expected.nodes).map(([path, { stat, data }]) => [path, { stat, data }]);
        expect(seen).toEqual(Object.fromEntries(nodes));
        const chunks = [...encodeSnapshot(image)];
        image.close();
        expect(dump(decodeSnapshot(new Uint8Array(Buffer.concat(chunks))))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test("is written in chunks of bounded size", () => {
    const tree = ZnodeTree.initial();
    for (let index = 1; index <= 5_000; index += 1) {
      const change = { kind: "create", path: `/n${index}`, data: new Uint8Array(200), owner: 0n, ...lists } as const;
      applyTransaction(tree, { changes: [change] }, zxid(index), index);
    }
    const image = tree.beginImage();
    const chunks = [...encodeSnapshot(image)];
    expect(chunks.length).toBeGreaterThan(4);
    for (const chunk of chunks) expect(chunk.length).toBeLessThan(262_144 + 1_000);
    expect(dump(decodeSnapshot(new Uint8Array(Buffer.concat(chunks))))).toEqual(dump(tree));
  });

  const { tree } = carryOut([
    { operations: [create("/a", "data"), create("/a/b")], idempotency: { key: "key", fingerprint: 7 } },
    { operations: [setData("/a", "other")] },
  ]);
  const whole = snapshotOf(tree);

  test("is refused when a byte is wrong or it ends early", () => {
    for (let at = 0; at < whole.length; at += 1) {
      const changed = new Uint8Array(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x41;
      expect(() => decodeSnapshot(changed), `byte ${at}`).toThrow(StorageCorruptError);
      expect(() => decodeSnapshot(whole.slice(0, at)), `${at} bytes`).toThrow(StorageCorruptError);
    }
    expect(() => decodeSnapshot(new Uint8Array([...whole, 0]))).toThrow(StorageCorruptError);
  });

  test("throws nothing but a typed error even when the checksums agree with what is wrong", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const changed = new Uint8Array(whole);
          for (const [at, value] of changes) changed[at] = value;
          fixChecksums(changed);
          try {
            decodeSnapshot(changed);
          } catch (cause) {
            expect(cause).toBeInstanceOf(StorageCorruptError);
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

/** Makes every chunk's checksum right again, as far as the chunks can be found. */
function fixChecksums(snapshot: Uint8Array): void {
  const view = new DataView(snapshot.buffer);
  const from = new ByteReader(snapshot, 5);
  while (from.remaining >= 8) {
    const at = from.position;
    const length = from.u32();
    from.skip(4);
    if (length > from.remaining) return;
    view.setUint32(at + 4, crc32c(snapshot, from.position, from.position + length));
    from.skip(length);
  }
}

test("requests that are remembered are bounded in number and bytes, the oldest forgotten first", () => {
  const { requests } = ZnodeTree.initial();
  for (let index = 0; index < 10_050; index += 1) {
    requests.add(`k${index}`, { zxid: zxid(index), fingerprint: 0, results: new Uint8Array(1) });
  }
  expect([...requests.entries()].length).toBe(10_000);
  expect(requests.get("k49")).toBeUndefined();
  expect(requests.get("k50")).toBeDefined();
  requests.add("large", { zxid: zxid(20_000), fingerprint: 0, results: new Uint8Array(4 * 1024 * 1024 - 10) });
  expect([...requests.entries()].length).toBe(11);
  expect(requests.get("large")).toBeDefined();
});

test("children come in pages, in the order of their names", () => {
  const tree = ZnodeTree.initial();
  const names = Array.from({ length: 500 }, (_, index) => `n${(index * 7919) % 500}`);
  names.forEach((name, index) =>
    applyTransaction(
      tree,
      { changes: [{ kind: "create", path: `/${name}`, data: null, owner: 0n, ...lists }] },
      zxid(index + 1),
      0,
    ),
  );
  const sorted = [...names, "zookeeper"].toSorted();
  for (const limit of [1, 7, 250, 501, 1_000]) {
    const found: string[] = [];
    for (let more = true; more;) {
      const page = tree.childPage("/", found.at(-1) ?? "", limit);
      expect(page.names.length).toBeLessThanOrEqual(limit);
      found.push(...page.names);
      ({ more } = page);
    }
    expect(found).toEqual(sorted);
  }
  expect(tree.childPage("/n1", "", 10)).toEqual({ names: [], more: false });
});
