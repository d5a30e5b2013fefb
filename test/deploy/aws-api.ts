/** Signed requests to those services of AWS that we have no client of: IAM, CloudWatch and Lambda. */
import { createHash, createHmac } from "node:crypto";
import type { Hash, Hmac } from "node:crypto";
import { request } from "node:https";
import { SignatureV4 } from "@smithy/signature-v4";
import { administrator, emulatedRegion } from "./emulator.ts";
import type { Emulator } from "./emulator.ts";

const answerBytesMax = 16 * 1024 * 1024;

export interface AwsRequest {
  /** Name that is signed for. */
  readonly service: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends a request as the administrator and answers the body. @throws Error for any status but 2xx */
export async function callAws(emulator: Emulator, asked: AwsRequest): Promise<string> {
  const { service, method, path, query = {}, body = "", headers = {} } = asked;
  const signer = new SignatureV4({
    credentials: administrator,
    region: emulatedRegion,
    service,
    sha256: Sha256,
  });
  const signed = await signer.sign({
    method,
    protocol: "https:",
    hostname: "127.0.0.1",
    port: emulator.port,
    path,
    query: { ...query },
    headers: { host: `127.0.0.1:${emulator.port}`, ...headers },
    body,
  });
  const search = new URLSearchParams(query).toString();
  return await new Promise<string>((resolve, reject) => {
    const { port } = emulator;
    const sent = request(
      {
        method,
        hostname: "127.0.0.1",
        port,
        path: search === "" ? path : `${path}?${search}`,
        headers: signed.headers,
      },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => {
          text += part;
          if (text.length > answerBytesMax) answer.destroy(new Error("the answer is too large"));
        });
        answer.on("error", reject).on("end", () => {
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new Error(`${service} ${method} ${path} answers ${status}: ${text.slice(0, 500)}`));
        });
      },
    );
    sent.on("error", reject).end(body);
  });
}

/** A request of the query protocol (IAM, CloudWatch): parameters in, XML out. */
export function callQueryApi(
  emulator: Emulator,
  service: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const headers = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const body = new URLSearchParams(parameters).toString();
  return callAws(emulator, { service, method: "POST", path: "/", headers, body });
}

/** The text of the first element of this name. @throws Error if there is none */
export function elementOf(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  if (text === undefined) throw new Error(`no ${name} in ${xml.slice(0, 500)}`);
  return text;
}

/** SHA-256 and its HMAC, as the signer wants them. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
