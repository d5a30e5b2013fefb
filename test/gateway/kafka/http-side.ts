/** The HTTP API over the services that a gateway stands on: what one writes the other one reads. */
import { createHttpHandler } from "../../../functions/http/handler.ts";
import { fetchOperations } from "../../../functions/operations/fetch.ts";
import { produceOperations } from "../../../functions/operations/produce.ts";
import type { Services } from "../../../shared/services/services.ts";

export interface HttpRecord {
  readonly key?: string | null;
  readonly value: string | null;
}

export interface HttpSide {
  /** Keyed records by the API's own partitioner. @returns the partition of each */
  produce(topic: string, records: readonly HttpRecord[]): Promise<number[]>;
  /** All records of a partition that are committed. */
  read(topic: string, partition: number): Promise<readonly HttpRecord[]>;
}

export function httpSide(services: Services): HttpSide {
  const handle = createHttpHandler([...produceOperations(services), ...fetchOperations(services, {})], () => undefined);
  const call = async (method: string, path: string, query: string, body?: object): Promise<unknown> => {
    const answer = await handle(
      {
        rawPath: `/v1/default/topics/${path}`,
        rawQueryString: query,
        headers: { "content-type": "application/json" },
        requestContext: { requestId: "r", http: { method, sourceIp: "127.0.0.1" } },
        isBase64Encoded: false,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      {},
    );
    if (!("statusCode" in answer) || answer.statusCode !== 200) throw new Error(JSON.stringify(answer));
    return JSON.parse(answer.body ?? "null");
  };
  return {
    produce: async (topic, records) => {
      const answer = await call("POST", `${topic}/records`, "", { records });
      return (answer as { results: { partition: number }[] }).results.map(({ partition }) => partition);
    },
    read: async (topic, partition) => {
      const query = "offset=earliest&isolation=read_committed&maxRecords=1000";
      const answer = await call("GET", `${topic}/partitions/${partition}/records`, query);
      return (answer as { records: HttpRecord[] }).records;
    },
  };
}
