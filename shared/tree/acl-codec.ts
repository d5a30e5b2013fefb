/**
 * An access control list as bytes.
 *
 *     list => rowCount:varint (permissions:varint scheme:string id:string)*
 */
import { aclRowsMax } from "../limits.ts";
import type { ByteReader } from "../record/byte-reader.ts";
import type { ByteWriter } from "../record/byte-writer.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import type { Acl, AclList } from "./acl.ts";

export function writeAcl(out: ByteWriter, list: AclList): void {
  out.unsignedVarint(list.length);
  for (const { permissions, scheme, id } of list) {
    out.unsignedVarint(permissions);
    out.prefixedString(scheme);
    out.prefixedString(id);
  }
}

/** @throws MalformedBytesError */
export function readAcl(from: ByteReader): AclList {
  const rows: Acl[] = [];
  const count = from.unsignedVarint();
  if (count > aclRowsMax) throw new MalformedBytesError(`an access control list of ${count} rows`);
  for (let index = 0; index < count; index += 1) {
    rows.push({ permissions: from.unsignedVarint(), scheme: from.prefixedString(), id: from.prefixedString() });
  }
  return rows;
}
