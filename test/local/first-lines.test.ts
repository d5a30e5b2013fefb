import { expect, test } from "vitest";
import { firstLines } from "../../local/first-lines.ts";

const input = {
  version: "1.2.3",
  url: "http://127.0.0.1:8080",
  place: "/data",
  kafka: "Kafka: here",
  zookeeper: "ZooKeeper: here",
  isNew: false,
};

test("the first lines name the address, the data folder, and a topic that is there", () => {
  const text = firstLines({ ...input, topic: "orders" });
  expect(text).toContain(
    "Streamkeeper 1.2.3 listens on http://127.0.0.1:8080\nKafka: here\nZooKeeper: here\nData: /data\n",
  );
  expect(text.match(/^ {2}curl/gm)).toHaveLength(2);
  expect(text).toContain("http://127.0.0.1:8080/v1/default/topics/orders/records");
  expect(text).not.toContain("was created");
  expect(text).not.toContain("authentication");
});

test("without a topic the first lines create one", () => {
  expect(firstLines(input).match(/^ {2}curl/gm)).toHaveLength(3);
});

test("a server that others can reach says so, and its lines go to this machine", () => {
  for (const [url, base] of [
    ["http://0.0.0.0:80", "http://127.0.0.1:80/v1"],
    ["http://[::]:80", "http://[::1]:80/v1"],
  ] as const) {
    const text = firstLines({ ...input, url });
    expect(text).toContain("There is no authentication");
    expect(text).toContain(`curl ${base}`);
  }
});
