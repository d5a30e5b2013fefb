/**
 * Stands in a function's bundle for `node:http`. To import that reads its every export, `WebSocket` among them, for which
 * Node loads all of undici: over 20 ms.
 */
const http = process.getBuiltinModule("node:http");
export const { Agent, IncomingMessage, request, STATUS_CODES } = http;
export { http as default };
