/** The bodies of multi and multiRead: operations, each behind a header, and one that says that there are no more. */
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { treeOperationsMax } from "../../../shared/limits.ts";
import type { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";
import {
  childrenResponse,
  create2Response,
  createRequest,
  createTtlRequest,
  dataResponse,
  errorResponse,
  multiHeader,
  nothing,
  pathResponse,
  pathVersionRequest,
  setDataRequest,
  statResponse,
  watchedPathRequest,
} from "./records.ts";
import type { Field, ValueOf } from "./schema.ts";

interface Part<Value> {
  readonly code: number;
  readonly body: Field<Value>;
}

const writeParts = {
  create: { code: 1, body: createRequest },
  delete: { code: 2, body: pathVersionRequest },
  setData: { code: 5, body: setDataRequest },
  check: { code: 13, body: pathVersionRequest },
  create2: { code: 15, body: createRequest },
  createContainer: { code: 19, body: createRequest },
  createTTL: { code: 21, body: createTtlRequest },
} as const;

const readParts = {
  getData: { code: 4, body: watchedPathRequest },
  getChildren: { code: 8, body: watchedPathRequest },
} as const;

const resultParts = {
  create: { code: 1, body: pathResponse },
  delete: { code: 2, body: nothing },
  getData: { code: 4, body: dataResponse },
  setData: { code: 5, body: statResponse },
  getChildren: { code: 8, body: childrenResponse },
  check: { code: 13, body: nothing },
  create2: { code: 15, body: create2Response },
  error: { code: -1, body: errorResponse },
} as const;

type PartOf<Parts extends Record<string, Part<unknown>>> = {
  [Kind in keyof Parts]: { readonly kind: Kind; readonly body: ValueOf<Parts[Kind]["body"]> };
}[keyof Parts];

export type MultiPart = PartOf<typeof writeParts>;
export type MultiReadPart = PartOf<typeof readParts>;
/** `createTTL` and `createContainer` are answered as `create2` is. */
export type MultiResultPart = PartOf<typeof resultParts>;

const endCode = -1;
const headerErr = -1;

interface AnyPart {
  readonly kind: string;
  readonly body: unknown;
}

/** @param partErr what stands in the header of a part that is no error */
function parts<Of extends AnyPart>(tables: Record<string, Part<unknown>>, partErr: number): Field<readonly Of[]> {
  const byCode = new Map(Object.entries(tables).map(([kind, { code, body }]) => [code, { kind, body }]));
  const read = (from: JuteReader): readonly Of[] => {
    const found: Of[] = [];
    for (;;) {
      const { type, done } = multiHeader.read(from);
      if (done) return found;
      const part = byCode.get(type);
      if (part === undefined) throw new MalformedBytesError(`operation ${type} in a multi`);
      if (found.length >= treeOperationsMax) {
        throw new MalformedBytesError(`more than ${treeOperationsMax} operations in a multi`);
      }
      found.push({ kind: part.kind, body: part.body.read(from) } as AnyPart as Of);
    }
  };
  const write = (to: JuteWriter, values: readonly Of[]): void => {
    for (const { kind, body } of values) {
      const part = tables[kind];
      if (part === undefined) throw new TypeError(`a multi has no ${kind}`);
      const err = kind === "error" ? (body as ValueOf<typeof errorResponse>).err : partErr;
      multiHeader.write(to, { type: part.code, done: false, err });
      part.body.write(to, body);
    }
    multiHeader.write(to, { type: endCode, done: true, err: headerErr });
  };
  return { read, write, bytesMin: multiHeader.bytesMin };
}

export const multiRequest = parts<MultiPart>(writeParts, headerErr);
export const multiReadRequest = parts<MultiReadPart>(readParts, headerErr);
export const multiResponse = parts<MultiResultPart>(resultParts, 0);
