import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { dynamoDbRequestMsMax } from "../../limits.ts";
import { type ClientOptions, clientConfiguration, sendOver } from "./client-options.ts";
import { HttpConnections } from "./http-connections.ts";

/** A client with this adapter's time-outs that sends each request once. */
export function createDynamoDbClient(options: ClientOptions): DynamoDBClient {
  const connections = new HttpConnections(options.clock);
  const client = new DynamoDBClient(clientConfiguration(options, connections, dynamoDbRequestMsMax));
  sendOver(connections, client);
  return client;
}
