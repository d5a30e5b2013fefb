import type { ServerResponse } from "node:http";
import type { HttpAnswer } from "../functions/http/event.ts";

/** Sends an answer; several pieces of bytes go out as they are, without being joined. */
export function writeAnswer(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  if (body === undefined) {
    response.writeHead(status, status === 204 ? headers : { ...headers, "content-length": "0" });
    response.end();
    return;
  }
  if (typeof body === "string") {
    response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body, "utf8") });
    response.end(body);
    return;
  }
  const length = body.reduce((sum, piece) => sum + piece.byteLength, 0);
  response.writeHead(status, { ...headers, "content-length": length });
  response.cork();
  for (const piece of body) response.write(piece);
  response.end();
}
