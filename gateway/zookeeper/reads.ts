/** Requests that are answered from the tree as this process has it. */
import type { Identity } from "../../shared/tree/acl.ts";
import { multiReadBytesMax } from "../../shared/limits.ts";
import type { Refusal } from "../../shared/tree/decide.ts";
import { countDescendants, readAcl, readChildren, readData, readStat } from "../../shared/tree/read-znodes.ts";
import type { ZnodeTree } from "../../shared/tree/znode-tree.ts";
import { errorCodes } from "./protocol/error-codes.ts";
import type { JuteWriter } from "./protocol/jute-writer.ts";
import type { MultiReadPart, MultiResultPart } from "./protocol/multi.ts";
import { operations, type Request } from "./protocol/operations.ts";
import { watchMode } from "./watch-table.ts";
import { RefusedRequest, refusalCode } from "./writes.ts";

export interface ReadContext {
  readonly tree: ZnodeTree;
  readonly reader: readonly Identity[];
  readonly sessionId: bigint;
  /** Sets a watch at the moment of the read. @throws RefusedRequest */
  readonly watch: (path: string, mode: number) => void;
}

const allChildren = { after: "", limit: Infinity };

/** Writes the body of the answer. @throws RefusedRequest before anything is written */
export function answerRead(to: JuteWriter, request: Request, context: ReadContext): void {
  const { tree, reader, watch } = context;
  switch (request.kind) {
    case "ping":
      return;
    case "whoAmI":
      operations.whoAmI.response.write(to, { clientInfo: reader.map(clientInfoOf) });
      return;
    case "sasl":
      throw new RefusedRequest("AUTH_FAILED");
    case "reconfig":
      throw new RefusedRequest("RECONFIG_DISABLED");
    case "exists": {
      const { path, watch: isWatched } = request.body;
      const found = readStat(tree, path, reader);
      const isRefused = "refusal" in found && found.refusal.code !== "NO_NODE";
      if (isWatched && !isRefused) watch(path, watchMode.data);
      operations.exists.response.write(to, granted(found));
      return;
    }
    case "getData": {
      const { path, watch: isWatched } = request.body;
      const found = granted(readData(tree, path, reader));
      if (isWatched) watch(path, watchMode.data);
      operations.getData.response.write(to, found);
      return;
    }
    case "getACL":
      operations.getACL.response.write(to, granted(readAcl(tree, request.body.path, reader)));
      return;
    case "getChildren":
    case "getChildren2": {
      const { path, watch: isWatched } = request.body;
      const found = granted(readChildren(tree, path, reader, allChildren));
      if (isWatched) watch(path, watchMode.child);
      if (request.kind === "getChildren") operations.getChildren.response.write(to, found);
      else operations.getChildren2.response.write(to, found);
      return;
    }
    case "multiRead":
      operations.multiRead.response.write(to, readParts(request.body, context));
      return;
    case "getEphemerals":
      operations.getEphemerals.response.write(to, { ephemerals: ephemeralsBelow(request.body.path, context) });
      return;
    case "getAllChildrenNumber": {
      const { count } = granted(countDescendants(tree, request.body.path, reader));
      operations.getAllChildrenNumber.response.write(to, { totalNumber: count });
      return;
    }
    default:
      throw new RefusedRequest("UNIMPLEMENTED");
  }
}

function readParts(parts: readonly MultiReadPart[], context: ReadContext): readonly MultiResultPart[] {
  let bytes = 0;
  return parts.map((part) => {
    const result = readPart(part, context);
    bytes += sizeOf(result);
    if (bytes > multiReadBytesMax) throw new RefusedRequest("BAD_ARGUMENTS");
    return result;
  });
}

/** Watches are not set by a multiRead. */
function readPart({ kind, body: { path } }: MultiReadPart, { tree, reader }: ReadContext): MultiResultPart {
  if (kind === "getData") {
    const found = readData(tree, path, reader);
    return "refusal" in found ? errorPart(found.refusal) : { kind, body: found };
  }
  const found = readChildren(tree, path, reader, allChildren);
  return "refusal" in found ? errorPart(found.refusal) : { kind, body: found };
}

/** Without what proves it. */
function clientInfoOf({ scheme, id }: Identity): { readonly authScheme: string; readonly user: string } {
  return { authScheme: scheme, user: scheme === "digest" ? id.replace(/:.*/s, "") : id };
}

function errorPart(refusal: Refusal): MultiResultPart {
  return { kind: "error", body: { err: errorCodes[refusalCode(refusal)] } };
}

function sizeOf(result: MultiResultPart): number {
  if (result.kind === "getData") return result.body.data?.length ?? 0;
  return result.kind === "getChildren" ? result.body.children.reduce((sum, name) => sum + name.length, 0) : 0;
}

/** As ZooKeeper has it, a prefix of text, not of names. */
function ephemeralsBelow(prefix: string | null, { tree, sessionId }: ReadContext): readonly string[] {
  const paths = [...tree.ephemerals(sessionId)];
  const isAll = prefix === null || prefix.trim() === "" || prefix.trim() === "/";
  return (isAll ? paths : paths.filter((path) => path.startsWith(prefix))).toSorted();
}

function granted<Answer extends object>(
  found: Answer | { readonly refusal: Refusal },
): Exclude<Answer, { readonly refusal: Refusal }> {
  if ("refusal" in found) throw new RefusedRequest(refusalCode(found.refusal));
  return found as Exclude<Answer, { readonly refusal: Refusal }>;
}
