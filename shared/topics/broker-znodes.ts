/**
 * The gateways of a cluster as znodes, in the layout that Kafka used on ZooKeeper (Kafka 3.5 `ZkData.scala`).
 *
 *     /brokers/ids/<node id>   ephemeral   {"version":5,"host":…,"port":…,"endpoints":["PLAINTEXT://host:port"],…}
 *     /controller              ephemeral   {"version":2,"brokerid":…,"timestamp":"…","kraftControllerEpoch":-1}
 *     /controller_epoch        how many controllers there have been, as digits
 *     /cluster/id              {"version":"1","id":"…"}
 *     /feature                 {"version":1,"status":1,"features":{}}
 *
 * What stands there and does not read as one of these, written by hand, is not there.
 */

export const brokersPath = "/brokers/ids";
export const controllerPath = "/controller";
export const controllerEpochPath = "/controller_epoch";
export const clusterIdPath = "/cluster/id";
export const configNoticesPath = "/config/changes";
export const featurePath = "/feature";
/** What stands above them, parents first. */
const brokerParents: readonly string[] = ["/brokers", brokersPath, "/cluster"];

/** What Kafka makes when it starts, parents first: clients of ZooKeeper write below it, or look whether it is there. */
export const clusterParents: readonly string[] = [
  ...brokerParents,
  "/brokers/topics",
  "/brokers/seqid",
  "/config",
  "/config/topics",
  "/config/clients",
  "/config/users",
  "/config/brokers",
  "/config/ips",
  configNoticesPath,
  "/admin",
  "/admin/delete_topics",
  "/consumers",
  "/isr_change_notification",
  "/log_dir_event_notification",
  "/latest_producer_id_block",
];

/** What gateways leave behind, parents first: it goes with the namespace. */
export const brokerZnodes: readonly string[] = [...clusterParents, clusterIdPath, controllerEpochPath, featurePath];

/** Kafka's broker ids, an int32; -1 stands for none. */
const nodeIdMax = 2 ** 31 - 1;
const portMax = 65_535;
/** DNS allows 253 characters. */
const hostCharsMax = 253;

export function brokerPath(nodeId: number): string {
  return `${brokersPath}/${nodeId}`;
}

/** Undefined for a name that is no node id. */
export function nodeIdOf(name: string): number | undefined {
  const nodeId = Number(name);
  return /^(?:0|[1-9]\d{0,9})$/.test(name) && nodeId <= nodeIdMax ? nodeId : undefined;
}

export function isNodeId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= nodeIdMax;
}

/** Kafka's names of how clients connect. */
export type SecurityProtocol = "PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL";

/** Where clients connect to. */
export interface Endpoint {
  /** A name or an address; one of IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export function encodeBroker({ host, port }: Endpoint, protocol: SecurityProtocol, nowMs: number): Uint8Array {
  const hostInUrl = host.includes(":") ? `[${host}]` : host;
  return encodeJson({
    features: {},
    listener_security_protocol_map: { [protocol]: protocol },
    endpoints: [`${protocol}://${hostInUrl}:${port}`],
    jmx_port: -1,
    // Of the port that is neither encrypted nor asks who is there.
    port: protocol === "PLAINTEXT" ? port : -1,
    host: protocol === "PLAINTEXT" ? host : null,
    version: 5,
    timestamp: String(nowMs),
  });
}

/** The first of a broker's endpoints. */
export function decodeBroker(data: Uint8Array | null | undefined): Endpoint | undefined {
  const { endpoints } = decodeJson(data);
  const first: unknown = Array.isArray(endpoints) ? endpoints[0] : undefined;
  const parts = typeof first === "string" ? /^[A-Z_]{1,64}:\/\/(.+):(\d{1,5})$/.exec(first) : null;
  const [, hostInUrl = "", digits = ""] = parts ?? [];
  const host = hostInUrl.replace(/^\[(.*)\]$/, "$1");
  const port = Number(digits);
  const isEndpoint = host !== "" && host.length <= hostCharsMax && !/[[\]/\s]/.test(host) && port >= 1;
  return isEndpoint && port <= portMax ? { host, port } : undefined;
}

export function encodeController(nodeId: number, nowMs: number): Uint8Array {
  return encodeJson({ version: 2, brokerid: nodeId, timestamp: String(nowMs), kraftControllerEpoch: -1 });
}

/** The controller's node id. */
export function decodeController(data: Uint8Array | null | undefined): number | undefined {
  const { brokerid: nodeId } = decodeJson(data);
  return isNodeId(nodeId) ? nodeId : undefined;
}

export function encodeEpoch(epoch: number): Uint8Array {
  return utf8.encode(String(epoch));
}

/** 0 for what is none. */
export function decodeEpoch(data: Uint8Array | null | undefined): number {
  return nodeIdOf(utf8Decoder.decode(data ?? new Uint8Array())) ?? 0;
}

/** That no feature is finalized (Kafka 2.7 `FeatureZNode`). */
export function encodeFeatures(): Uint8Array {
  return encodeJson({ version: 1, status: 1, features: {} });
}

export function encodeClusterId(id: string): Uint8Array {
  return encodeJson({ version: "1", id });
}

export function decodeClusterId(data: Uint8Array | null | undefined): string | undefined {
  const { id } = decodeJson(data);
  return typeof id === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : undefined;
}

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8");

function encodeJson(value: object): Uint8Array {
  return utf8.encode(JSON.stringify(value));
}

function decodeJson(data: Uint8Array | null | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(utf8Decoder.decode(data ?? new Uint8Array()));
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    // Anybody may write there; what cannot be read is nothing.
    return {};
  }
}
