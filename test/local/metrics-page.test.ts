import { afterEach, describe, expect, test } from "vitest";
import { metered } from "../../functions/metrics/metered-storage.ts";
import { MetricsPage } from "../../local/metrics-page.ts";
import { type RunningServer, startServer } from "../../local/server.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { realTimeStorage } from "../functions/real-time-storage.ts";
import { parseExposition } from "../shared/metrics/exposition.ts";

const open: RunningServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (server) => server.close()));
});

async function start() {
  const logged: string[] = [];
  const log = (_level: string, event: string): void => void logged.push(event);
  const page = new MetricsPage(log);
  const real = createServices(metered(realTimeStorage(), page.metrics));
  let refreshes = 0;
  let failure: Error | undefined;
  const gauges = {
    refresh: async (msMax?: number): Promise<void> => {
      refreshes += 1;
      if (failure !== undefined) throw failure;
      await real.gauges.refresh(msMax);
    },
  };
  const services = { ...real, gauges };
  const server = await startServer({ services, page, host: "127.0.0.1", port: 0, log });
  open.push(server);
  const call = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${server.url}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const scrape = async () => {
    const answer = await call("GET", "/metrics");
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    return parseExposition(await answer.text());
  };
  return { call, scrape, logged, refreshes: () => refreshes, fail: (error?: Error) => (failure = error) };
}

describe("GET /metrics", () => {
  test("tells what the server was asked and did, and how far groups are behind", async () => {
    const { call, scrape } = await start();
    await call("POST", "/v1/default/topics", { name: "orders", partitions: 1 });
    await call("POST", "/v1/default/topics/orders/records", { records: [{ value: "a" }, { value: "b" }] });
    await call("PUT", "/v1/default/groups/g/offsets", { offsets: [{ topic: "orders", partition: 0, offset: 0 }] });
    await call("GET", "/v1/default/topics/gone/partitions/0/records");
    const families = await scrape();
    const valueOf = (family: string, labels = ""): number | undefined =>
      families.get(family)?.samples.get(labels === "" ? family : `${family}{${labels}}`);
    const topic = 'namespace="default",topic="orders"';
    expect(valueOf("kafka_server_brokertopicmetrics_messagesin_total", topic)).toBe(2);
    expect(valueOf("kafka_network_requestmetrics_requests_total", 'request="produce"')).toBe(1);
    const error = 'request="fetch",error="UNKNOWN_TOPIC_OR_PARTITION"';
    expect(valueOf("kafka_network_requestmetrics_errors_total", error)).toBe(1);
    expect(valueOf("kafka_consumergroup_lag_sum", 'namespace="default",consumergroup="g",topic="orders"')).toBe(2);
    expect(valueOf("znode_count", 'namespace="default"')).toBeGreaterThan(3);
    expect(valueOf("num_alive_connections", 'protocol="http"')).toBeGreaterThanOrEqual(1);
    expect(valueOf("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  });

  test("refreshes the gauges once for scrapes that come together or soon after each other", async () => {
    const { scrape, refreshes } = await start();
    await Promise.all([scrape(), scrape(), scrape()]);
    await scrape();
    expect(refreshes()).toBe(1);
  });

  test("tells what was counted even where gauges cannot be read", async () => {
    const { call, scrape, logged, fail, refreshes } = await start();
    fail(new Error("no storage"));
    await call("GET", "/health");
    const requests = (await scrape()).get("kafka_network_requestmetrics_requests_total");
    expect(requests?.samples.size).toBe(1);
    expect(logged).toEqual(["gauges were not refreshed"]);
    fail();
    await scrape();
    expect(refreshes()).toBe(2);
  });

  test("is not there on a server without a page, nor for other methods", async () => {
    const { call } = await start();
    expect((await call("POST", "/metrics")).status).toBe(404);
    const server = await startServer({ services: createServices(realTimeStorage()), host: "127.0.0.1", port: 0 });
    open.push(server);
    expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
  });
});
