/** Texts that people write: names, configurations, patterns, and what the command line takes. */
import { parseEndpoint, signingNamesOf } from "../../../client/endpoint.ts";
import { CommandError } from "../../../local/command-error.ts";
import { aclText, parseAcl } from "../../../local/console/acl-text.ts";
import { wholeNumber } from "../../../local/console/caller.ts";
import { unescapeBytes } from "../../../local/console/escapes.ts";
import { recordFormatter } from "../../../local/console/record-format.ts";
import { parseCount } from "../../../local/console/record-writer.ts";
import { parseResetPoint, parseTopicChoice } from "../../../local/console/reset-point.ts";
import { splitInput } from "../../../local/console/split-input.ts";
import { parseStartPoint } from "../../../local/console/start-point.ts";
import { pathPatternsOf } from "../../../shared/api/permission-paths.ts";
import { parsePermission } from "../../../shared/api/permission-text.ts";
import { rulesOf } from "../../../shared/api/permissions.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { checkGroupName } from "../../../shared/services/group-name.ts";
import { findNamespaceNameProblem } from "../../../shared/services/namespace-name.ts";
import { checkNamespaceName } from "../../../shared/services/namespace-service.ts";
import { checkConfig, checkNewTopicName, checkTopicName } from "../../../shared/services/topic-checks.ts";
import { compilePattern } from "../../../shared/services/topic-pattern.ts";
import { checkTransactionalId } from "../../../shared/services/transaction-ids.ts";
import { checkItemKey } from "../../../shared/storage/port-bounds.ts";
import { groupKey, topicKey, transactionKey } from "../../../shared/storage/item-keys.ts";
import { parseInteger } from "../../../shared/topics/config-values.ts";
import { findConfigProblem, topicConfigKeys, topicSettings } from "../../../shared/topics/topic-config.ts";
import { findTopicNameProblem } from "../../../shared/topics/topic-name.ts";
import { encodeAssignment, encodeConfig, findTopic, topicPath } from "../../../shared/topics/topic-znodes.ts";
import { findPathProblem } from "../../../shared/tree/paths.ts";
import { ZnodeTree, type ZnodeView } from "../../../shared/tree/znode-tree.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { anyBatch } from "./record-targets.ts";
import { bytesTarget, FuzzFailure, jsonTarget, sameAgain, type Target, textTarget } from "../target.ts";

const configValues = [
  "5",
  "-1",
  "true",
  "delete",
  "compact,delete",
  "zstd",
  "0.5",
  "9223372036854775807",
  "*",
  "1:2,3:4",
  "producer",
];

function anyConfig(random: FuzzRandom): unknown {
  const names = [...topicConfigKeys.keys()];
  return Object.fromEntries(
    Array.from({ length: random.between(1, 3) }, () => [random.pick(names), random.pick(configValues)]),
  );
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, typeof part === "string" ? part : JSON.stringify(part)]),
  );
}

/** Whatever a token says, its permission ends where its namespace ends. */
function readPermission(text: string): void {
  const permission = parsePermission(text);
  if (permission === undefined || permission.action === "operate") return;
  for (const { path } of pathPatternsOf(rulesOf(permission))) {
    const [, first, namespace = "", rest] = path.split("/");
    const isInside = first === "v1" && namespace === permission.namespace && rest !== undefined;
    if (path !== "/health" && (!isInside || /[^a-z0-9-]/.test(namespace))) throw new FuzzFailure(`${text} -> ${path}`);
  }
}

function readConfig(value: unknown): void {
  const config = textsOf(value);
  topicSettings(config);
  const problem = findConfigProblem(config);
  if (problem !== undefined && problem.message.length > 3_000)
    throw new FuzzFailure(`${problem.message.length} characters of message`);
  checkConfig(config);
}

/** A znode that anybody may have written: it is a topic, or none. */
function readTopicZnode(bytes: Uint8Array): void {
  const parent = { ...(ZnodeTree.initial().node("/") as NonNullable<ReturnType<ZnodeTree["node"]>>) };
  const found = findTopic(
    viewOf(() => ({ ...parent, data: bytes })),
    "orders",
  );
  if (found !== undefined) topicSettings(found.config);
}

function viewOf(node: () => ReturnType<ZnodeTree["node"]>): ZnodeView {
  return { node } as unknown as ZnodeView;
}

function isAccepted(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}

const nameReaders = {
  topic: (text: string): void => {
    checkTopicName(text);
    checkNewTopicName(text);
    checkItemKey(topicKey("default", text));
    if (findTopicNameProblem(text) !== undefined) throw new FuzzFailure("a topic's name is good and bad");
    if (findPathProblem(topicPath(text)) !== undefined) throw new FuzzFailure("a topic's name makes no path");
  },
  namespace: (text: string): void => {
    const problem = findNamespaceNameProblem(text);
    if ((problem === undefined) !== isAccepted(() => checkNamespaceName(text))) {
      throw new FuzzFailure("a namespace's name is good and bad");
    }
    checkGroupName({ namespace: text, group: "g" });
    checkItemKey(groupKey(text, "g"));
  },
  group: (text: string): void => {
    checkGroupName({ namespace: "default", group: text });
    checkItemKey(groupKey("default", text));
  },
  transactionalId: (text: string): void => {
    checkTransactionalId(text);
    checkItemKey(transactionKey("default", text));
  },
};

const record = {
  partition: 0,
  offset: 1,
  timestamp: 2,
  key: Buffer.from("k"),
  value: null,
  headers: [{ key: "h", value: null }],
};
const resetOptions = ["toOffset", "toDatetime", "toTimestamp", "shiftBy"] as const;

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** What is joined again is what was cut. */
async function cutInput(bytes: Uint8Array, pieceBytes: number): Promise<void> {
  const delimiter = Buffer.from(bytes.subarray(0, 1 + (bytes.length % 3)));
  if (delimiter.length === 0) return;
  const pieces: Buffer[] = [];
  for await (const some of splitInput(inPieces(bytes, pieceBytes), delimiter)) pieces.push(...some);
  const joined = Buffer.concat(pieces.flatMap((piece, index) => (index === 0 ? [piece] : [delimiter, piece])));
  const rest = Buffer.from(bytes);
  const isWhole = joined.equals(rest) || Buffer.concat([joined, delimiter]).equals(rest);
  if (!isWhole) throw new FuzzFailure("cut and joined is something else");
}

/** Backslashes that are doubled stand for themselves, and so does any character behind one that means nothing else. */
function readEscapes(text: string): void {
  unescapeBytes(text);
  if (!text.isWellFormed()) return;
  const doubled = unescapeBytes(text.replaceAll("\\", "\\\\"));
  if (!doubled.equals(Buffer.from(text))) throw new FuzzFailure("doubled backslashes are not as they were");
  const plain = Array.from(text).filter((character) => !/[\\nrtx0]/.test(character));
  const escaped = unescapeBytes(plain.map((character) => `\\${character}`).join(""));
  if (!escaped.equals(Buffer.from(plain.join("")))) throw new FuzzFailure("a character is not as it was");
}

export const textTargets: readonly Target[] = [
  ...(["topic", "namespace", "group", "transactionalId"] as const).map((what) =>
    textTarget({
      name: `names.${what}`,
      covers: {
        topic: [
          "shared/topics/topic-name.ts#findTopicNameProblem",
          "shared/services/topic-checks.ts#checkTopicName",
          "shared/services/topic-checks.ts#checkNewTopicName",
        ],
        namespace: [
          "shared/services/namespace-service.ts#checkNamespaceName",
          "shared/services/namespace-name.ts#findNamespaceNameProblem",
        ],
        group: ["shared/services/group-name.ts#checkGroupName"],
        transactionalId: ["shared/services/transaction-ids.ts#checkTransactionalId"],
      }[what],
      declared: [ServiceError],
      samples: ["orders", "default", "a-b_c.d", "x".repeat(249), "__consumer_offsets", "é"],
      read: nameReaders[what],
    }),
  ),
  jsonTarget({
    name: "topics.config",
    covers: [
      "shared/topics/topic-config.ts#findConfigProblem",
      "shared/services/topic-checks.ts#checkConfig",
      "shared/topics/config-values.ts#parseInteger",
    ],
    declared: [ServiceError],
    sample: anyConfig,
    read: readConfig,
  }),
  textTarget({
    name: "topics.integer",
    covers: ["shared/topics/config-values.ts#parseInteger"],
    declared: [],
    samples: ["5", "-1", "+7", " 8 ", "9223372036854775807", "0x10"],
    read: (text) => {
      const value = parseInteger(text);
      if (value !== undefined && parseInteger(String(value)) !== value)
        throw new FuzzFailure(`${text} is not ${value}`);
    },
  }),
  bytesTarget({
    name: "topics.znode",
    covers: ["shared/topics/topic-znodes.ts#findTopic"],
    declared: [],
    sample: (random) =>
      random.chance(0.5)
        ? encodeAssignment({ topicId: "aId", partitions: random.between(1, 5) })
        : encodeConfig(textsOf(anyConfig(random))),
    read: readTopicZnode,
  }),
  textTarget({
    name: "topics.pattern",
    cost: 8,
    covers: ["shared/services/topic-pattern.ts#compilePattern"],
    declared: [ServiceError],
    samples: [
      "a.*",
      "orders|payments",
      "[a-z]{2,5}",
      "(a|b)*c",
      "^x$",
      "\\d+",
      "(?i)abc",
      "\\p{L}+",
      "a{1000}",
      "(a{50}){20}",
    ],
    caseMsMax: 500,
    read: (text) => {
      // Longer ones are refused by the body's schema.
      const compiled = compilePattern(text.slice(0, 1_024));
      compiled.matches("orders");
      compiled.matches("x".repeat(249));
    },
  }),
  textTarget({
    name: "permissions.text",
    covers: ["shared/api/permission-text.ts#parsePermission"],
    declared: [RangeError],
    samples: [
      "produce:default/orders-*",
      "consume:default/orders/billing",
      "share:default/%2A/mail%20*",
      "coordinate:default/app/svc-*",
      "observe:default/",
      "elect:default/head",
      "transact:team-1",
      "admin:namespaces",
      "operate",
    ],
    read: readPermission,
  }),
  textTarget({
    name: "cli.acl",
    covers: ["local/console/acl-text.ts#parseAcl"],
    declared: [CommandError],
    samples: ["world:anyone:cdrwa", "digest:ann:x=:rw,ip:10.0.0.0/8:r", "iam:arn:aws:iam::1:root:a"],
    read: (text) => {
      const acl = parseAcl(text);
      if (acl.some(({ permissions }) => permissions.length === 0)) throw new FuzzFailure("a row without permissions");
      // Letters may come in any order: only what is written in order comes back as it was.
      sameAgain(
        aclText(acl),
        (one) => aclText(parseAcl(one)),
        (one) => one,
      );
    },
  }),
  textTarget({
    name: "cli.start-point",
    covers: ["local/console/start-point.ts#parseStartPoint"],
    declared: [CommandError],
    samples: ["beginning", "end", "42", "-5", "s@1750000000000", "stored"],
    read: (text) => void parseStartPoint(text),
  }),
  textTarget({
    name: "cli.reset-point",
    covers: ["local/console/reset-point.ts#parseResetPoint"],
    declared: [CommandError],
    samples: [
      "42",
      "-5",
      "+5",
      "2026-01-31T12:00:00.000",
      "2026-01-31T12:00:00+01:00",
      "2026-01-31T12:00Z",
      "1750000000000",
    ],
    read: (text) => {
      for (const option of resetOptions) {
        try {
          parseResetPoint({ [option]: text });
        } catch (error) {
          if (!(error instanceof CommandError)) throw error;
        }
      }
    },
  }),
  textTarget({
    name: "cli.topic-choice",
    covers: ["local/console/reset-point.ts#parseTopicChoice"],
    declared: [CommandError],
    samples: ["orders", "orders:0,2", "orders:0", ":1", "a:b"],
    read: (text) => void parseTopicChoice(text),
  }),
  textTarget({
    name: "cli.numbers",
    covers: ["local/console/record-writer.ts#parseCount", "local/console/caller.ts#wholeNumber"],
    declared: [CommandError],
    samples: ["1", "42", "999999999999999", "0", "-1"],
    read: (text) => {
      if (!Number.isSafeInteger(parseCount(text))) throw new FuzzFailure(`${text} is no count`);
      if (!Number.isSafeInteger(wholeNumber(text, "--count"))) throw new FuzzFailure(`${text} is no number`);
    },
  }),
  textTarget({
    name: "cli.escapes",
    covers: ["local/console/escapes.ts#unescapeBytes"],
    declared: [CommandError],
    samples: ["a\\n", "\\x00\\xff", "\\\\", "\\0", "\\q", "é\\t", "\\\u{1f600}"],
    read: (text) => readEscapes(text.slice(0, 1_000)),
  }),
  textTarget({
    name: "cli.record-format",
    covers: ["local/console/record-format.ts#recordFormatter"],
    declared: [CommandError],
    samples: ["%t %p %o\\n", "%k=%s", "%K%S%R%T%h%%", "plain"],
    read: (text) => {
      const formatted = recordFormatter({ format: text, delimiter: "\\n" })(record, "orders");
      if (formatted.length > 8 * text.length + 100)
        throw new FuzzFailure(`${formatted.length} bytes of ${text.length}`);
    },
  }),
  textTarget({
    name: "client.endpoint",
    covers: ["client/endpoint.ts#parseEndpoint"],
    declared: [TypeError],
    samples: [
      "http://127.0.0.1:8080",
      "https://x.execute-api.eu-west-1.amazonaws.com/prod/",
      "http://[::1]:80/a/b//",
      "https://a",
    ],
    read: (text) => {
      const { hostname, basePath, port } = parseEndpoint(text);
      signingNamesOf(hostname);
      if (basePath.endsWith("/")) throw new FuzzFailure(`the base path is ${basePath}`);
      if (port !== undefined && !(port >= 0 && port <= 65_535)) throw new FuzzFailure(`port ${port}`);
    },
  }),
  bytesTarget({
    name: "cli.split-input",
    cost: 4,
    covers: ["local/console/split-input.ts#splitInput"],
    declared: [CommandError],
    sample: anyBatch,
    read: (bytes, random) => cutInput(bytes, random.between(1, 60)),
  }),
];
