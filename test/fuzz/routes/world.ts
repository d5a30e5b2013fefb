/** The real services over the memory store, behind the real handlers; time is the store's. */
import type { GatewayAnswer, HttpAnswer, HttpEvent } from "../../../functions/http/event.ts";
import { createHttpHandler, type HttpHandler } from "../../../functions/http/handler.ts";
import { doDuty } from "../../../functions/duties/do-duty.ts";
import { electionOperations } from "../../../functions/operations/election.ts";
import { fetchOperations } from "../../../functions/operations/fetch.ts";
import { groupsOperations } from "../../../functions/operations/groups.ts";
import { healthOperations } from "../../../functions/operations/health.ts";
import { produceOperations } from "../../../functions/operations/produce.ts";
import { sessionsOperations } from "../../../functions/operations/sessions.ts";
import { shareGroupsOperations } from "../../../functions/operations/share-groups.ts";
import { topicsOperations } from "../../../functions/operations/topics.ts";
import { transactionsOperations } from "../../../functions/operations/transactions.ts";
import { znodeOperations } from "../../../functions/operations/znode.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Services } from "../../../shared/services/services.ts";
import type { Duty } from "../../../shared/storage/environment.ts";
import { noDelays } from "../../../shared/storage/memory/faults.ts";
import { SimulatedStore } from "../../../shared/storage/memory/simulated-store.ts";
import { FuzzFailure } from "../target.ts";

/** A request as it arrives, whatever carried it. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As text of JSON, or as hexadecimal digits of any bytes. */
  readonly body?: { readonly text: string } | { readonly hex: string };
  /** By a server in the same process, or as an event of API Gateway, whose body is text or base64. */
  readonly via: "direct" | "gateway" | "gateway base64";
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

const dutiesMax = 40;
/** Long polls wait no longer, and what a request waits for beside them is short. */
const requestMsMax = 60_000;

export class FuzzWorld {
  readonly #store: SimulatedStore;
  #services: Services;
  #handler: HttpHandler;
  readonly #duties: Duty[] = [];
  /** Of what failed last with a status from 500 on. */
  lastCause = "";

  constructor(seed: number) {
    this.#store = new SimulatedStore({ seed, delays: noDelays });
    this.#store.onWake((duty) => this.#duties.push(duty));
    this.#services = createServices(this.#store.process().storage);
    this.#handler = this.#createHandler();
  }

  /** Forgets all that a process remembers: what comes next reads what was stored. */
  restart(): void {
    this.#services = createServices(this.#store.process().storage);
    this.#handler = this.#createHandler();
  }

  /** @throws FuzzFailure if the request fails in a way that no request may, or takes too long */
  async send(request: SentRequest): Promise<Answered> {
    const { time } = this.#store;
    const startedMs = time.nowMs;
    const event = eventOf(request);
    const answer = await time.run(() =>
      this.#handler(event, event.direct === undefined ? { getRemainingTimeInMillis: () => 30_000 } : {}),
    );
    const tookMs = time.nowMs - startedMs;
    if (tookMs > requestMsMax) throw new FuzzFailure(`a request waited ${tookMs} ms`);
    return answered(answer);
  }

  /** Lets time pass, and does what was asked for in the background. @throws whatever a duty throws */
  async pass(ms: number): Promise<void> {
    const { time } = this.#store;
    await time.advance(ms);
    for (const duty of this.#duties.splice(0).slice(0, dutiesMax))
      await time.run(() => doDuty(this.#services.duties, duty));
  }

  #createHandler(): HttpHandler {
    const services = this.#services;
    return createHttpHandler(
      [
        ...healthOperations(services),
        ...topicsOperations(services),
        ...produceOperations(services),
        ...fetchOperations(services, {}),
        ...groupsOperations(services),
        ...shareGroupsOperations(services),
        ...transactionsOperations(services),
        ...sessionsOperations(services),
        ...znodeOperations(services, {}),
        ...electionOperations(services, {}),
      ],
      (_level, _event, fields) => {
        this.lastCause = String(fields["cause"]);
      },
    );
  }
}

function eventOf({ method, path, query, headers, body, via }: SentRequest): HttpEvent {
  const bytes = body === undefined ? undefined : "text" in body ? Buffer.from(body.text) : Buffer.from(body.hex, "hex");
  const base = {
    rawPath: path,
    rawQueryString: query,
    headers,
    requestContext: { requestId: "request-1", http: { method, sourceIp: "127.0.0.1" } },
  };
  if (via === "direct") {
    const signal = new AbortController().signal;
    return {
      ...base,
      isBase64Encoded: false,
      direct: { body: bytes === undefined ? undefined : new Uint8Array(bytes), signal },
    };
  }
  if (bytes === undefined) return { ...base, isBase64Encoded: false };
  const isBase64Encoded = via === "gateway base64";
  return { ...base, isBase64Encoded, body: bytes.toString(isBase64Encoded ? "base64" : "utf8") };
}

function answered(answer: HttpAnswer | GatewayAnswer): Answered {
  if ("statusCode" in answer) {
    const { statusCode, headers, body = "", isBase64Encoded } = answer;
    return { status: statusCode, headers, bytes: Buffer.from(body, isBase64Encoded ? "base64" : "utf8") };
  }
  const { status, headers, body = "" } = answer;
  return { status, headers, bytes: typeof body === "string" ? Buffer.from(body) : Buffer.concat(body) };
}
