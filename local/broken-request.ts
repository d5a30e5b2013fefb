import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { ServiceError } from "../shared/api/errors.ts";
import { errorAnswer } from "../functions/http/answer.ts";

/** Answers what is not HTTP, too long in its headers or too slow, as far as there is still someone to answer. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, problem } = refusalOf(error.code);
  const { body } = errorAnswer(new ServiceError("INVALID_REQUEST", problem), "");
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${String(body).length}\r\n\r\n${String(body)}`,
  );
}

function refusalOf(code: string | undefined): { readonly status: number; readonly problem: string } {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return { status: 431, problem: "The headers are too long" };
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return { status: 413, problem: "The chunks of the body say too much" };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, problem: "The request took too long to arrive" };
    default:
      return { status: 400, problem: "This is not HTTP/1.1" };
  }
}
