import { expect, test } from "vitest";
import { metered } from "../../functions/metrics/metered-storage.ts";
import { MetricsPage } from "../../local/metrics-page.ts";
import { openZooKeeperPortBeside } from "../../local/zookeeper-port.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { realTimeStorage } from "../functions/real-time-storage.ts";
import { WireClient } from "../gateway/zookeeper/wire-client.ts";
import { parseExposition } from "../shared/metrics/exposition.ts";

test("what ZooKeeper's clients ask for is counted, and so are their connections", async () => {
  const page = new MetricsPage();
  const { metrics } = page;
  const storage = metered(realTimeStorage(), metrics);
  const services = createServices(storage);
  const where = { host: "127.0.0.1", port: 0, namespace: "default" };
  const port = await openZooKeeperPortBeside({ ...where, services, storage, metrics, log: () => undefined });
  page.tellOf(port);
  const at = Number(/:(\d+)$/.exec(port.line)?.[1]);
  const [client, other] = [await WireClient.connect(at), await WireClient.connect(at)];
  await client.send("getChildren", { path: "/", watch: true });
  await client.send("getData", { path: "/gone", watch: false });
  await client.send("getData", { path: "/", watch: false });
  const families = parseExposition(String((await page.answer(services.gauges)).body));
  const valueOf = (family: string, labels: string): number | undefined =>
    families.get(family)?.samples.get(`${family}{${labels}}`);
  expect(valueOf("kafka_network_requestmetrics_requests_total", 'request="getData"')).toBe(2);
  expect(valueOf("kafka_network_requestmetrics_requests_total", 'request="createSession"')).toBe(2);
  expect(valueOf("kafka_network_requestmetrics_requests_total", 'request="getChildren"')).toBe(1);
  expect(valueOf("kafka_network_requestmetrics_errors_total", 'request="getData",error="NO_NODE"')).toBe(1);
  expect(families.get("kafka_network_requestmetrics_localtimems")?.samples.size).toBeGreaterThan(0);
  expect(valueOf("num_alive_connections", 'protocol="zookeeper"')).toBe(2);
  expect(valueOf("outstanding_requests", 'protocol="zookeeper"')).toBe(0);
  expect(valueOf("watch_count", 'namespace="default",protocol="zookeeper"')).toBe(1);
  expect(valueOf("watch_count", 'namespace="default",protocol="http"')).toBe(0);
  other.destroy();
  await port.close();
});
