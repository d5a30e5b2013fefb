import { SQSClient } from "./sqs-sdk.ts";
import { sqsRequestMsMax } from "../../limits.ts";
import { type ClientOptions, clientConfiguration, sendOver } from "./client-options.ts";
import { HttpConnections } from "./http-connections.ts";

/** A client with this adapter's time-outs that sends each request once. */
export function createSqsClient(options: ClientOptions): SQSClient {
  const connections = new HttpConnections(options.clock);
  const client = new SQSClient({
    ...clientConfiguration(options, connections, sqsRequestMsMax),
    // Emulators give queues a host name that does not resolve; on AWS it is the endpoint's own.
    useQueueUrlAsEndpoint: false,
  });
  sendOver(connections, client);
  return client;
}
