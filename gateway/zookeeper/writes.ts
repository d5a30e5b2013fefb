/** What a request that changes the tree asks of it, and how its result is told. */
import type { CreateMode, Operation, OperationResult, TreeRefusal } from "../../shared/tree/tree-request.ts";
import { errorCodes, type ZooKeeperError } from "./protocol/error-codes.ts";
import type { JuteWriter } from "./protocol/jute-writer.ts";
import type { MultiPart, MultiResultPart } from "./protocol/multi.ts";
import { operations, type Request } from "./protocol/operations.ts";

export interface Write {
  readonly operations: readonly Operation[];
  /** Writes the body of the answer. */
  readonly answer: (to: JuteWriter, results: readonly OperationResult[]) => void;
  /** True where a refusal is told for each operation, in the body. */
  readonly isMulti: boolean;
}

/** A request that no tree need be asked about. */
export class RefusedRequest extends Error {
  override readonly name = "RefusedRequest";
  readonly code: ZooKeeperError;

  constructor(code: ZooKeeperError) {
    super(code);
    this.code = code;
  }
}

/** `CreateMode`, by its flag. */
const createModes: readonly CreateMode[] = [
  "persistent",
  "ephemeral",
  "persistent_sequential",
  "ephemeral_sequential",
  "container",
  "persistent_with_ttl",
  "persistent_sequential_with_ttl",
];

const containerFlag = 4;
/** Whatever else `createContainer` asks for. */
const containerModes = new Map<number, CreateMode>([0, 1, containerFlag].map((flag) => [flag, "container"]));

/** Undefined for a request that changes nothing. @throws RefusedRequest */
export function writeOf(request: Request): Write | undefined {
  switch (request.kind) {
    case "create":
    case "create2":
    case "createContainer":
    case "createTTL":
      return createWrite(request);
    case "setData":
      return write([partOperation(request)], (to, result) => {
        if (result?.kind === "setData") operations.setData.response.write(to, result);
      });
    case "setACL": {
      const { path, acl, version } = request.body;
      return write([{ kind: "setAcl", path, acl, version }], (to, result) => {
        if (result?.kind === "setAcl") operations.setACL.response.write(to, result);
      });
    }
    case "delete":
    case "check":
      return write([partOperation(request)], () => undefined);
    case "multi":
      return {
        operations: request.body.map(partOperation),
        answer: (to, results) => writeMultiResults(to, request.body, results),
        isMulti: true,
      };
    default:
      return undefined;
  }
}

/** Tells of a refused multi what became of each operation. */
export function writeMultiErrors(to: JuteWriter, names: readonly ZooKeeperError[]): void {
  operations.multi.response.write(
    to,
    names.map((name) => ({ kind: "error", body: { err: errorCodes[name] } })),
  );
}

/** ZooKeeper's name for a refusal that has one of ours. */
export function refusalCode({ code }: Pick<TreeRefusal, "code">): ZooKeeperError {
  switch (code) {
    case "IDEMPOTENCY_KEY_REUSED":
      return "BAD_ARGUMENTS";
    case "FENCED":
      return "BAD_VERSION";
    case "UNKNOWN_NAMESPACE":
      return "SESSION_EXPIRED";
    default:
      return code;
  }
}

function write(
  asked: readonly Operation[],
  answer: (to: JuteWriter, result: OperationResult | undefined) => void,
): Write {
  return { operations: asked, answer: (to, [result]) => answer(to, result), isMulti: false };
}

type CreatePart = Extract<MultiPart, { kind: "create" | "create2" | "createContainer" | "createTTL" }>;

function createWrite(request: CreatePart): Write {
  const { response } = request.kind === "create" ? operations.create : operations.create2;
  // Only `createContainer` makes containers, though it asks for the mode as well; in a multi either does.
  const isPersistent = request.kind !== "createContainer" && request.body.flags === containerFlag;
  const body = isPersistent ? { ...request.body, flags: 0 } : request.body;
  return write([createOperation({ ...request, body } as CreatePart)], (to, result) => {
    if (result?.kind === "create") response.write(to, result);
  });
}

function partOperation(part: MultiPart): Operation {
  switch (part.kind) {
    case "create":
    case "create2":
    case "createContainer":
    case "createTTL":
      return createOperation(part);
    case "delete":
    case "setData":
    case "check":
      return { kind: part.kind, ...part.body } as Operation;
  }
}

function createOperation({ kind, body }: CreatePart): Operation {
  const mode = kind === "createContainer" ? containerModes.get(body.flags) : createModes[body.flags];
  if (mode === undefined) throw new RefusedRequest("BAD_ARGUMENTS");
  const { path, data, acl } = body;
  return {
    kind: "create",
    path,
    data,
    mode,
    acl,
    ...(kind === "createTTL" ? { ttlMs: body.ttl } : {}),
  };
}

function writeMultiResults(to: JuteWriter, parts: readonly MultiPart[], results: readonly OperationResult[]): void {
  const told = results.map((result, index): MultiResultPart => {
    switch (result.kind) {
      case "create":
        return parts[index]?.kind === "create" ? { kind: "create", body: result } : { kind: "create2", body: result };
      case "setData":
        return { kind: "setData", body: result };
      case "check":
        return { kind: "check", body: {} };
      default:
        return { kind: "delete", body: {} };
    }
  });
  operations.multi.response.write(to, told);
}
