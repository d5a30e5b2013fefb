/** What Kafka's clients send before they have proven anything, and what is kept of users, access control lists and quotas. */
import { parsePlain } from "../../../gateway/kafka/sasl/plain.ts";
import { credentialOf, formatCredential, parseCredential } from "../../../gateway/kafka/sasl/scram-credential.ts";
import { challengeClient, checkProof } from "../../../gateway/kafka/sasl/scram-exchange.ts";
import { parseClientFinal, parseClientFirst } from "../../../gateway/kafka/sasl/scram-messages.ts";
import { operations, permissionTypes } from "../../../gateway/kafka/security/acl.ts";
import { aclPath, decodeAcls, encodeAcls, parseAclPath } from "../../../gateway/kafka/security/acl-znodes.ts";
import {
  decodeEntityConfig,
  encodeEntityConfig,
  entityPath,
  parseEntityPath,
} from "../../../gateway/kafka/security/entity-config.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { bytesTarget, codecTarget, FuzzFailure, type Target, textTarget } from "../target.ts";

const sasl = "gateway/kafka/sasl/";
const security = "gateway/kafka/security/";
const names = ["user", "a=2Cb=3D", "alice", "ü", "*"] as const;

const basis = { salt: Buffer.alloc(16, 7), iterations: 4_096 };
const credential = credentialOf("SCRAM-SHA-256", Buffer.alloc(32, 1), basis);
const text = formatCredential(credential);

function firstMessage(random: FuzzRandom): Uint8Array {
  const extension = random.chance(0.2) ? ",tokenauth=true" : "";
  return Buffer.from(`${random.pick(["n", "y", "p=tls"])},,n=${random.pick(names)},r=${random.uint32()}${extension}`);
}

function refuse(message: Uint8Array, first: Uint8Array): void {
  const find = (): typeof credential => credential;
  const inputs = { mechanism: "SCRAM-SHA-256", serverNonce: "x", find, unknownSecret: basis.salt } as const;
  const challenged = challengeClient({ ...inputs, message: first });
  if (challenged.kind === "refused") return;
  if (checkProof(challenged.challenge, message).kind !== "refused") throw new FuzzFailure("a proof that is none");
}

export const kafkaSecurityTargets: readonly Target[] = [
  bytesTarget({
    name: "scram messages",
    covers: [
      `${sasl}scram-messages.ts#parseClientFirst`,
      `${sasl}scram-messages.ts#parseClientFinal`,
      `${sasl}scram-exchange.ts#checkProof`,
    ],
    declared: [],
    sample: (random) => {
      if (random.chance(0.5)) return firstMessage(random);
      return Buffer.from(`c=biws,r=1x,p=${Buffer.from(random.bytes(32)).toString("base64")}`);
    },
    read: (bytes) => {
      parseClientFirst(bytes);
      parseClientFinal(bytes);
      refuse(bytes, bytes);
      refuse(bytes, Buffer.from("n,,n=user,r=1"));
    },
  }),
  bytesTarget({
    name: "sasl plain",
    covers: [`${sasl}plain.ts#parsePlain`],
    declared: [],
    sample: (random) => Buffer.from(`${random.chance(0.3) ? "user" : ""}\0${random.pick(names)}\0password`),
    read: (bytes) => {
      const login = parsePlain(bytes);
      if (login?.username === "" || login?.password.includes("\0") === true) throw new FuzzFailure("no login");
    },
  }),
  textTarget({
    name: "stored credential",
    covers: [`${sasl}scram-credential.ts#parseCredential`],
    declared: [],
    samples: [text],
    read: (given) => {
      const parsed = parseCredential("SCRAM-SHA-256", given);
      if (parsed === undefined) return;
      const again = parseCredential("SCRAM-SHA-256", formatCredential(parsed));
      if (again === undefined || formatCredential(again) !== formatCredential(parsed)) throw new FuzzFailure(given);
    },
  }),
  textTarget({
    name: "security paths",
    covers: [`${security}entity-config.ts#parseEntityPath`, `${security}acl-znodes.ts#parseAclPath`],
    declared: [],
    samples: [
      "/config/users/a%2Fb",
      "/config/users/<default>/clients/<default>",
      "/config/clients/app",
      "/kafka-acl/Topic/orders",
      "/kafka-acl-extended/prefixed/Group/logs-",
    ],
    read: (path) => {
      const entity = parseEntityPath(path);
      if (entity !== undefined && path.startsWith("/config/") && entityPath(entity) !== path) {
        throw new FuzzFailure(`${path} -> ${entityPath(entity)}`);
      }
      const pattern = parseAclPath(path);
      if (pattern !== undefined && aclPath(pattern) !== path) throw new FuzzFailure(`${path} -> ${aclPath(pattern)}`);
    },
  }),
  codecTarget({
    name: "entity config",
    covers: [`${security}entity-config.ts#decodeEntityConfig`],
    declared: [],
    value: (random) => ({ "SCRAM-SHA-256": text, producer_byte_rate: String(random.uint32()) }),
    encode: encodeEntityConfig,
    decode: decodeEntityConfig,
  }),
  codecTarget({
    name: "access control lists",
    covers: [`${security}acl-znodes.ts#decodeAcls`],
    declared: [],
    value: (random) =>
      Array.from({ length: random.between(1, 3) }, () => ({
        principal: `User:${random.pick(names)}`,
        host: random.pick(["*", "10.0.0.1"]),
        operation: random.pick(Object.keys(operations) as (keyof typeof operations)[]),
        permissionType: random.pick(Object.keys(permissionTypes) as (keyof typeof permissionTypes)[]),
      })),
    encode: encodeAcls,
    decode: decodeAcls,
  }),
];
