/** The connections of an API Gateway WebSocket API. */
import {
  ApiGatewayManagementApiClient,
  GoneException,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import { postRequestMsMax } from "../../limits/push.ts";
import type { Connections } from "../connections.ts";
import type { NodeEnvironment } from "../node/node-environment.ts";
import { AwsRequests } from "./aws-requests.ts";
import type { Variables } from "./aws-storage.ts";
import { clientConfiguration, type ClientOptions, sendOver } from "./client-options.ts";
import { HttpConnections } from "./http-connections.ts";

class ApiGatewayConnections implements Connections {
  readonly #client: ApiGatewayManagementApiClient;
  readonly #requests: AwsRequests;

  constructor(client: ApiGatewayManagementApiClient, requests: AwsRequests) {
    this.#client = client;
    this.#requests = requests;
  }

  async post(connectionId: string, message: string): Promise<"posted" | "gone"> {
    const command = new PostToConnectionCommand({
      ConnectionId: connectionId,
      Data: new TextEncoder().encode(message),
    });
    return await this.#requests.send("PostToConnection", "always", async () => {
      try {
        await this.#client.send(command);
        return "posted";
      } catch (cause) {
        if (cause instanceof GoneException) return "gone";
        throw cause;
      }
    });
  }
}

/** A client with this adapter's time-outs that sends each request once. */
function createConnectionsClient(options: ClientOptions): ApiGatewayManagementApiClient {
  const connections = new HttpConnections(options.clock);
  const client = new ApiGatewayManagementApiClient(clientConfiguration(options, connections, postRequestMsMax));
  sendOver(connections, client);
  return client;
}

/**
 * The connections of the API that `STREAMKEEPER_CONNECTIONS_URL` names: `https://<api>.execute-api.<region>.amazonaws.com/<stage>`.
 *
 * @throws Error if it is not set
 */
export function awsConnectionsFromEnvironment(
  variables: Variables,
  { clock, timers, random }: Pick<NodeEnvironment, "clock" | "timers" | "random">,
): Connections {
  const endpoint = variables["STREAMKEEPER_CONNECTIONS_URL"] ?? "";
  if (endpoint === "") throw new Error("the environment variable STREAMKEEPER_CONNECTIONS_URL is not set");
  return new ApiGatewayConnections(createConnectionsClient({ clock, endpoint }), new AwsRequests({ timers, random }));
}
