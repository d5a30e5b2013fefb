/** The functions with a caller's view of the API: routes by their names. */
import { expect } from "vitest";
import { type ErrorCode, errorTable } from "../../shared/api/errors.ts";
import { type OperationId, routes } from "../../shared/api/routes.ts";
import { errorAnswer } from "../../shared/api/schemas/common.ts";
import { realTimeStorage } from "./real-time-storage.ts";
import { type Received, type Sent, type Start, startFunctions } from "./start-functions.ts";

export interface ApiCall<Id extends OperationId = OperationId> extends Omit<Sent, "body"> {
  readonly id: Id;
  /** Default of `namespace`: `default`. A znode's path stands here as it is sent. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: object | string;
}

/** Has storage of its own, in memory, unless it is given one. */
export class ApiBed<Id extends OperationId = OperationId> {
  readonly functions: ReturnType<typeof startFunctions>;
  #connections = 0;

  constructor(start: Start = {}) {
    this.functions = startFunctions({ storage: realTimeStorage(), ...start });
  }

  /** Of those who ask without a signature; answers its id. */
  async openConnection(principal = "anyone"): Promise<string> {
    const connectionId = `connection-${++this.#connections}`;
    await this.functions.services.push.connect({ connectionId, principal });
    return connectionId;
  }

  send({ id, params = {}, query = {}, body, ...sent }: ApiCall<Id>): Promise<Received> {
    const { method, path } = routes[id];
    const given: Readonly<Record<string, string>> = { namespace: "default", ...params };
    const target = path.replaceAll(/\{(\w+)\+?\}/g, (_, name: string) => given[name] ?? "");
    const question = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) question.set(name, String(value));
    const text = typeof body === "object" ? JSON.stringify(body) : body;
    const url = question.size === 0 ? target : `${target}?${question.toString()}`;
    return this.functions.send(`${method} ${url}`, { ...sent, ...(text === undefined ? {} : { body: text }) });
  }

  /** For what must succeed. */
  async ok(call: ApiCall<Id>): Promise<Record<string, unknown>> {
    const { status, json } = await this.send(call);
    expect([call.id, status < 300, json]).toEqual([call.id, true, json]);
    return json;
  }
}

export function expectError({ status, json }: Received, code: ErrorCode): void {
  expect(json).toMatchObject({ error: code, retriable: errorTable[code].retriable, requestId: "request-1" });
  expect(status).toBe(errorTable[code].status);
  expect(errorAnswer.parse(json)).toEqual(json);
}
