/** `GET /metrics` on a port of its own, for a process without the HTTP API. */
import { createServer } from "node:http";
import type { GaugeService } from "../shared/services/services.ts";
import { describeError, writeLog } from "../functions/http/log.ts";
import { listenError } from "./listen-error.ts";
import { type MetricsPage, metricsPath } from "./metrics-page.ts";

/** Who scrapes, and somebody who looks. */
const connectionsMax = 20;

export interface MetricsPort {
  readonly url: string;
  close(): void;
}

/** @throws CommandError where the port cannot be opened */
export async function openMetricsPort(
  page: MetricsPage,
  gauges: GaugeService,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MetricsPort> {
  const server = createServer((request, response) => {
    request.resume();
    if (request.method !== "GET" || request.url !== metricsPath) {
      response.writeHead(404).end();
      return;
    }
    page.answer(gauges).then(
      ({ status, headers, body }) => response.writeHead(status, headers).end(body),
      (error: unknown) => {
        writeLog("ERROR", "metrics failed", { cause: describeError(error) });
        response.writeHead(500).end();
      },
    );
  });
  server.maxConnections = connectionsMax;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, resolve);
  await promise.catch((error: unknown) => {
    throw listenError(error, { host, port, option: "--metrics-port" });
  });
  const address = server.address();
  const opened = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${opened}${metricsPath}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
