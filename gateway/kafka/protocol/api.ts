/** An API of Kafka's protocol: its key, its versions, and the tables of its request and response. */
import type { FrameWriter } from "./frame-writer.ts";
import type { MessageReader } from "./message-reader.ts";
import { type Codec, type Decoded, type Encodable, type Fields, structCodec } from "./schema.ts";

export interface ApiDescription<Request extends Fields, Response extends Fields> {
  /** Kafka's number of the API. */
  readonly key: number;
  readonly name: string;
  /** The lowest and the highest version that is described. */
  readonly versions: readonly [number, number];
  /** The first with compact lengths and tagged fields; absent: none. */
  readonly flexibleSince?: number;
  readonly request: Request;
  readonly response: Response;
}

/** A description, with its codecs. */
export interface Api<Request extends Fields = Fields, Response extends Fields = Fields> extends ApiDescription<
  Request,
  Response
> {
  isFlexible(version: number): boolean;
  readRequest(version: number, reader: MessageReader): Decoded<Request>;
  writeRequest(version: number, writer: FrameWriter, request: Encodable<Request>): void;
  readResponse(version: number, reader: MessageReader): Decoded<Response>;
  writeResponse(version: number, writer: FrameWriter, response: Encodable<Response>): void;
}

export type RequestOf<A> = A extends Api<infer Request, infer _Response> ? Decoded<Request> : never;
export type ResponseOf<A> = A extends Api<infer _Request, infer Response> ? Encodable<Response> : never;

/** Codecs are made when a version is first used. */
export function api<Request extends Fields, Response extends Fields>(
  description: ApiDescription<Request, Response>,
): Api<Request, Response> {
  const { versions, flexibleSince = Infinity, request, response } = description;
  const isFlexible = (version: number): boolean => version >= flexibleSince;
  const made = new Map<string, Codec>();
  const codecOf = (kind: "request" | "response", version: number): Codec => {
    if (version < versions[0] || version > versions[1]) throw new RangeError(`${description.name} has no v${version}`);
    const id = `${kind}/${version}`;
    const known = made.get(id);
    if (known !== undefined) return known;
    const codec = structCodec(kind === "request" ? request : response, { version, isFlexible: isFlexible(version) });
    made.set(id, codec);
    return codec;
  };
  return {
    ...description,
    isFlexible,
    readRequest: (version, reader) => codecOf("request", version).read(reader) as Decoded<Request>,
    writeRequest: (version, writer, value) => codecOf("request", version).write(writer, value),
    readResponse: (version, reader) => codecOf("response", version).read(reader) as Decoded<Response>,
    writeResponse: (version, writer, value) => codecOf("response", version).write(writer, value),
  };
}
