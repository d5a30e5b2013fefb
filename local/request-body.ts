import type { IncomingMessage, ServerResponse } from "node:http";
import { ServiceError } from "../shared/api/errors.ts";
import { localBodyBytesInFlightMax, requestBodyBytesMax } from "../shared/limits.ts";
import { checkBodyLength } from "../functions/http/body.ts";

/** The client hung up in the middle of its request: nobody is there to be answered, and nothing has been done. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/** Counts the bytes of the bodies that are held at the same time, so that many large ones cannot fill the memory. */
export class BodyBudget {
  private heldBytes = 0;

  /** @throws ServiceError THROTTLING_QUOTA_EXCEEDED */
  take(bytes: number): void {
    if (this.heldBytes + bytes > localBodyBytesInFlightMax) {
      throw new ServiceError("THROTTLING_QUOTA_EXCEEDED", "Too many large requests are under way; send this one again");
    }
    this.heldBytes += bytes;
  }

  give(bytes: number): void {
    this.heldBytes -= bytes;
  }
}

/** Whether a request announces a body. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return (length !== undefined && length !== "0") || headers["transfer-encoding"] !== undefined;
}

/**
 * Reads a whole body. One with a known length goes straight into a buffer of that length: each byte is copied once.
 * `waiting` is the answer to a client that wants to be told to go on before it sends the body (RFC 9110 section 10.1.1).
 *
 * @throws ServiceError MESSAGE_TOO_LARGE | THROTTLING_QUOTA_EXCEEDED
 * @throws ClientGoneError the client hung up before the end
 */
export async function readRequestBody(
  request: IncomingMessage,
  budget: BodyBudget,
  waiting?: ServerResponse,
): Promise<Uint8Array> {
  const announced = request.headers["content-length"];
  const length = announced === undefined ? 0 : Number(announced);
  checkBodyLength(length, requestBodyBytesMax);
  waiting?.writeContinue();
  if (announced === undefined) return readChunked(request, budget);
  budget.take(length);
  try {
    // Not from Node's pool: the service may keep the bytes, and must not keep a stranger's with them.
    const body = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    await eachChunk(request, (chunk) => {
      body.set(chunk, filled);
      filled += chunk.byteLength;
    });
    return body;
  } catch (error) {
    budget.give(length);
    throw error;
  }
}

async function readChunked(request: IncomingMessage, budget: BodyBudget): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    await eachChunk(request, (chunk) => {
      checkBodyLength(length + chunk.byteLength, requestBodyBytesMax);
      budget.take(chunk.byteLength);
      length += chunk.byteLength;
      chunks.push(chunk);
    });
    return Buffer.concat(chunks, length);
  } catch (error) {
    budget.give(length);
    throw error;
  }
}

/** Events rather than an async iterator: at 1 MB a request, the iterator's promises cost a fifth of the throughput. */
function eachChunk(request: IncomingMessage, take: (chunk: Buffer) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onData = (chunk: Buffer): void => {
    try {
      take(chunk);
    } catch (error) {
      end();
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const onEnd = (): void => {
    end();
    resolve();
  };
  const onGone = (): void => {
    end();
    reject(new ClientGoneError("the client hung up in the middle of its request"));
  };
  const end = (): void => {
    request.off("data", onData).off("end", onEnd).off("close", onGone);
  };
  request.on("data", onData).on("end", onEnd).on("close", onGone);
  return promise;
}
