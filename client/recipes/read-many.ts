import type { ZnodeClient } from "../coordination/znode-client.ts";
import { isServiceException } from "../exceptions.ts";
import type { RecordBytes } from "../record-bytes.ts";
import type { Stat } from "../znode-answers.ts";

/** Znodes of one request. */
const pathsPerRequest = 200;

export interface FoundZnode {
  readonly data: RecordBytes | null;
  readonly stat: Stat;
}

/** Znodes by their paths; undefined for each that is not there or must not be read. @throws StreamkeeperException */
export async function readMany(
  znodes: ZnodeClient,
  paths: readonly string[],
): Promise<readonly (FoundZnode | undefined)[]> {
  const found: (FoundZnode | undefined)[] = [];
  for (let at = 0; at < paths.length; at += pathsPerRequest) {
    found.push(...(await readSome(znodes, paths.slice(at, at + pathsPerRequest))));
  }
  return found;
}

/** By halves where one answer cannot hold them all. */
async function readSome(znodes: ZnodeClient, paths: readonly string[]): Promise<readonly (FoundZnode | undefined)[]> {
  try {
    const { results } = await znodes.multiRead(paths.map((path) => ({ type: "getData", path })));
    return results.map((result) => (result.type === "getData" ? result : undefined));
  } catch (error) {
    if (!isServiceException(error, "BAD_ARGUMENTS") || paths.length === 1) throw error;
    const middle = Math.ceil(paths.length / 2);
    return [...(await readSome(znodes, paths.slice(0, middle))), ...(await readSome(znodes, paths.slice(middle)))];
  }
}
