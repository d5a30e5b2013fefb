/** The API over plain HTTP: node:http in front of the same handlers as on Lambda. */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ServiceError } from "../shared/api/errors.ts";
import {
  localCloseMsMax,
  localCloseProbeMs,
  localConnectionIdleMsMax,
  localConnectionsMax,
  localHeaderBytesMax,
  localHeadersMsMax,
  localRequestMsMax,
} from "../shared/limits.ts";
import type { Metrics } from "../shared/metrics/metrics.ts";
import type { Services } from "../shared/services/services.ts";
import type { Storage } from "../shared/storage/storage.ts";
import { errorAnswer, withRequestId } from "../functions/http/answer.ts";
import type { AccessSettings } from "../functions/http/caller.ts";
import type { HttpAnswer, InvocationContext } from "../functions/http/event.ts";
import { createHttpHandler } from "../functions/http/handler.ts";
import type { HttpHandler } from "../functions/http/handler.ts";
import { describeError, writeLog } from "../functions/http/log.ts";
import type { Log } from "../functions/http/log.ts";
import { electionOperations } from "../functions/operations/election.ts";
import { fetchOperations } from "../functions/operations/fetch.ts";
import { groupsOperations } from "../functions/operations/groups.ts";
import { healthOperations } from "../functions/operations/health.ts";
import { produceOperations } from "../functions/operations/produce.ts";
import { sessionsOperations } from "../functions/operations/sessions.ts";
import { shareGroupsOperations } from "../functions/operations/share-groups.ts";
import { topicsOperations } from "../functions/operations/topics.ts";
import { transactionsOperations } from "../functions/operations/transactions.ts";
import { znodeOperations } from "../functions/operations/znode.ts";
import { writeAnswer } from "./answer-writer.ts";
import { answerBrokenRequest } from "./broken-request.ts";
import { LocalTransport } from "./direct-transport.ts";
import type { GrowthTap } from "./growth-tap.ts";
import { HostCheck } from "./host-check.ts";
import { type MetricsPage, metricsPath } from "./metrics-page.ts";
import { localPushPath, PushEndpoint } from "./push-endpoint.ts";
import { announcesBody, BodyBudget, ClientGoneError, readRequestBody } from "./request-body.ts";

export interface ServerOptions {
  readonly services: Services;
  /** 127.0.0.1 keeps the server to this machine. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly log?: Log;
  readonly access?: AccessSettings;
  /** What `GET /metrics` answers; without it there is no such page, and requests are not counted. */
  readonly page?: MetricsPage | undefined;
  /** Serves connections for hints as well; what grows in the storage, only this process may write. */
  readonly push?: { readonly storage: Storage; readonly growth: GrowthTap };
}

export interface RunningServer {
  /** For example `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, lets those under way finish within `localCloseMsMax`, and ends long polls at once. */
  close(): Promise<void>;
}

/** @throws Error as node:net says where the port is taken or the host is not this machine's */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { services, host, port, log = writeLog, page, push } = options;
  const access = { ...options.access, ...(push === undefined ? {} : { pushUrl: localPushPath }) };
  const handler = createHttpHandler(
    [
      ...healthOperations(services),
      ...topicsOperations(services),
      ...produceOperations(services),
      ...fetchOperations(services, access),
      ...groupsOperations(services),
      ...shareGroupsOperations(services),
      ...transactionsOperations(services),
      ...sessionsOperations(services),
      ...znodeOperations(services, access),
      ...electionOperations(services, access),
    ],
    log,
  );
  const server = new LocalServer(handler, {
    host,
    log,
    ...(page === undefined ? {} : { metrics: page.metrics, page: () => page.answer(services.gauges) }),
  });
  if (push !== undefined) {
    const { storage, growth } = push;
    const endpoint = new PushEndpoint({ services, storage, hostCheck: new HostCheck(host), log });
    growth.listen((logId, next) => endpoint.grown(logId, next));
    server.serveUpgrades(endpoint);
  }
  return server.listen(port);
}

interface LocalOptions {
  readonly host: string;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly page?: () => Promise<HttpAnswer>;
}

class LocalServer {
  readonly #http: Server;
  readonly #handler: HttpHandler;
  readonly #log: Log;
  readonly #host: string;
  readonly #metrics: Metrics | undefined;
  readonly #page: (() => Promise<HttpAnswer>) | undefined;
  /** The handler's context: a server, unlike a Lambda function, does not run out of time. */
  readonly #context: InvocationContext;
  readonly #hostCheck: HostCheck;
  readonly #budget = new BodyBudget();
  readonly #underWay = new Set<LocalTransport>();
  readonly #requestIdPrefix = randomBytes(9).toString("base64url");
  #requests = 0;
  #push: PushEndpoint | undefined;
  #closing: Promise<void> | undefined;

  constructor(handler: HttpHandler, { host, log, metrics, page }: LocalOptions) {
    this.#metrics = metrics;
    this.#page = page;
    this.#context = { metrics };
    this.#handler = handler;
    this.#host = host;
    this.#hostCheck = new HostCheck(host);
    this.#log = log;
    this.#http = createServer({
      maxHeaderSize: localHeaderBytesMax,
      headersTimeout: localHeadersMsMax,
      requestTimeout: localRequestMsMax,
      keepAliveTimeout: localConnectionIdleMsMax,
      // Clients that would rather speak HTTP/2 (curl --http2, Java's) are answered in HTTP/1.1, which they understand as no.
      shouldUpgradeCallback: ({ headers }) =>
        this.#push !== undefined && headers.upgrade?.toLowerCase() === "websocket",
    });
    this.#http.maxConnections = localConnectionsMax;
    this.#http.timeout = localRequestMsMax;
    this.#http.on("request", (request, response) => void this.#serve(request, response, false));
    this.#http.on("checkContinue", (request, response) => void this.#serve(request, response, true));
    this.#http.on("clientError", answerBrokenRequest);
  }

  serveUpgrades(endpoint: PushEndpoint): void {
    this.#push = endpoint;
    this.#http.on("upgrade", (request: IncomingMessage, socket, head) => endpoint.upgrade(request, socket, head));
  }

  async listen(port: number): Promise<RunningServer> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#http.once("error", reject);
    this.#http.listen(port, this.#host, resolve);
    await promise;
    this.#http.off("error", reject);
    this.#http.on("error", (error) => this.#log("ERROR", "server failed", { cause: describeError(error) }));
    const address = this.#http.address() as AddressInfo;
    const hostInUrl = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return {
      url: `http://${hostInUrl}:${address.port}`,
      port: address.port,
      close: () => (this.#closing ??= this.#close()),
    };
  }

  /** Answers one request; whatever happens, it does not throw. */
  async #serve(request: IncomingMessage, response: ServerResponse, waitsForContinue: boolean): Promise<void> {
    const requestId = `${this.#requestIdPrefix}-${(++this.#requests).toString(36)}`;
    let heldBytes = 0;
    let transport: LocalTransport | undefined;
    response.on("error", ignoreBrokenConnection);
    try {
      this.#hostCheck.check(request.headers);
      let body: Uint8Array | undefined;
      if (announcesBody(request)) {
        body = await readRequestBody(request, this.#budget, waitsForContinue ? response : undefined);
        heldBytes = body.byteLength;
      }
      transport = new LocalTransport(body, response);
      this.#underWay.add(transport);
      this.#send(response, await this.#answer(request, requestId, transport));
    } catch (error) {
      if (error instanceof ClientGoneError) response.destroy();
      else this.#refuse(request, response, error, requestId);
    } finally {
      this.#budget.give(heldBytes);
      if (transport !== undefined) this.#underWay.delete(transport);
    }
  }

  async #answer(request: IncomingMessage, requestId: string, direct: LocalTransport): Promise<HttpAnswer> {
    const { method = "", url = "", headers } = request;
    const question = url.indexOf("?");
    if (this.#page !== undefined && method === "GET" && url === metricsPath) return await this.#scrape(this.#page);
    const answer = await this.#handler(
      {
        rawPath: question === -1 ? url : url.slice(0, question),
        rawQueryString: question === -1 ? "" : url.slice(question + 1),
        headers,
        requestContext: { requestId, http: { method, ...sourceOf(request) } },
        isBase64Encoded: false,
        direct,
      },
      this.#context,
    );
    return answer as HttpAnswer;
  }

  async #scrape(page: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    this.#metrics?.gauge("outstanding_requests", this.#underWay.size, { protocol: "http" });
    this.#metrics?.gauge("num_alive_connections", await this.#connections(), { protocol: "http" });
    return await page();
  }

  async #connections(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#http.getConnections((_error, count) => resolve(count));
    return await promise;
  }

  /** An answer to what the handler never saw. The rest of its body is read and dropped, within the request's time. */
  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown, requestId: string): void {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const known = error instanceof ServiceError;
    if (!known) this.#log("ERROR", "request failed", { requestId, cause: describeError(error) });
    const refusal = known ? error : new ServiceError("SYSTEM_ERROR", "The server failed");
    this.#send(response, withRequestId(errorAnswer(refusal, requestId), requestId));
    request.resume();
  }

  #send(response: ServerResponse, answer: HttpAnswer): void {
    if (response.destroyed) return;
    if (this.#closing !== undefined) response.shouldKeepAlive = false;
    writeAnswer(response, answer);
  }

  async #close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#http.close(() => resolve());
    this.#push?.close();
    const closing = new ServiceError(
      "THROTTLING_QUOTA_EXCEEDED",
      "The server is closing; send the request again later",
    );
    for (const transport of this.#underWay) transport.abort(closing);
    const tidy = setInterval(() => this.#http.closeIdleConnections(), localCloseProbeMs);
    const force = setTimeout(() => this.#http.closeAllConnections(), localCloseMsMax);
    await promise;
    clearInterval(tidy);
    clearTimeout(force);
  }
}

/** The other end of the connection; what a proxy says of its client is not believed. */
function sourceOf({ socket }: IncomingMessage): { readonly sourceIp?: string } {
  const { remoteAddress } = socket;
  return remoteAddress === undefined ? {} : { sourceIp: remoteAddress.replace(/^::ffff:(?=\d+\.)/, "") };
}

/** A connection that breaks while it is answered concerns nobody but its client. */
function ignoreBrokenConnection(): void {}
