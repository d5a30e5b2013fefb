/** Archives of namespaces: what is read of one is imported. */
import { ServiceError } from "../../../shared/api/errors.ts";
import { zxid } from "../../../shared/brand.ts";
import { newShareState } from "../../../shared/groups/share-state.ts";
import { encodeShareState } from "../../../shared/groups/share-state-codec.ts";
import { compress } from "../../../shared/compression/compression.ts";
import { crc32c } from "../../../shared/record/crc32c.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import {
  ArchiveError,
  type ArchivePart,
  archiveStart,
  encodePart,
} from "../../../shared/services/archive/archive-format.ts";
import { importNamespace } from "../../../shared/services/archive/import-namespace.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { encodeAssignment, topicParents, topicPath } from "../../../shared/topics/topic-znodes.ts";
import { openAcl } from "../../../shared/tree/acl.ts";
import { applyTransaction } from "../../../shared/tree/apply.ts";
import { decide } from "../../../shared/tree/decide.ts";
import { encodeSnapshot } from "../../../shared/tree/snapshot-codec.ts";
import { ZnodeTree } from "../../../shared/tree/znode-tree.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { bytesTarget, FuzzFailure, type Target } from "../target.ts";

const partHeadBytes = 8;
const startBytes = archiveStart().length;

function treeWithTopic(): ZnodeTree {
  const tree = ZnodeTree.initial();
  const create = (path: string, data: Uint8Array): void => {
    const asked = { request: { identities: [] }, time: 1_000 };
    const decision = decide(tree, { kind: "create", path, data, mode: "persistent", acl: openAcl }, asked);
    if ("refusal" in decision) throw new FuzzFailure(decision.refusal.message);
    applyTransaction(tree, decision, zxid(tree.lastZxid + 1), 1_000);
  };
  for (const path of topicParents) create(path, new Uint8Array());
  create(topicPath("orders"), encodeAssignment({ topicId: "id", partitions: 1 }));
  return tree;
}

function anyArchive(random: FuzzRandom): Uint8Array {
  const records = [{ key: null, value: random.bytes(random.below(20)), timestamp: 1_000 }];
  const batch = encodeBatch({ records, baseOffset: 0 }, compress);
  const image = treeWithTopic().beginImage();
  const parts: ArchivePart[] = [
    { kind: "head", head: { namespace: "default", exportedAtMs: 1_000 } },
    ...[...encodeSnapshot(image)].map((bytes) => ({ kind: "tree", bytes }) as const),
    { kind: "group", group: { group: "g", offsets: [{ topic: "orders", partition: 0, offset: 1, metadata: "m" }] } },
    {
      kind: "shareGroup",
      shareGroup: {
        group: "s",
        settings: { lockMs: 30_000, deliveriesMax: 5, startAt: "latest", isolation: "read_committed" },
        topics: ["orders"],
      },
    },
    { kind: "share", share: { group: "s", topic: "orders", partition: 0 }, state: encodeShareState(newShareState(0)) },
    { kind: "partition", partition: { topic: "orders", partition: 0, logStartOffset: 0, endOffset: 1 } },
    { kind: "batches", bytes: batch },
    { kind: "end", totals: { partitions: 1, batches: 1, batchBytes: batch.length, groups: 2 } },
  ];
  return Buffer.concat([archiveStart(), ...parts.map(encodePart)]);
}

/** The checksum of each part as far as their lengths lead. */
function sealParts(archive: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(archive);
  const view = new DataView(bytes.buffer);
  for (let at = startBytes; at + partHeadBytes < bytes.length;) {
    const end = at + partHeadBytes + view.getUint32(at);
    if (end > bytes.length) break;
    view.setUint32(at + 4, crc32c(bytes, at + partHeadBytes, end));
    at = end;
  }
  return bytes;
}

export const archiveTargets: readonly Target[] = [
  bytesTarget({
    name: "namespace.archive",
    covers: ["shared/services/archive/archive-format.ts#readArchive"],
    declared: [ArchiveError, ServiceError, StorageCorruptError],
    cost: 30,
    sample: anyArchive,
    seal: sealParts,
    read: async (bytes, random) => {
      const { storage } = createMemoryStorage();
      const pieceBytes = random.between(1, 500);
      async function* pieces(): AsyncGenerator<Uint8Array, void> {
        for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
      }
      const { totals } = await importNamespace(storage, pieces());
      if (totals.partitions !== 1) throw new FuzzFailure(`${totals.partitions} partitions were imported`);
    },
  }),
];
