import { SchedulerClient } from "./scheduler-sdk.ts";
import { schedulerRequestMsMax } from "../../limits/sweeps.ts";
import { type ClientOptions, clientConfiguration, sendOver } from "./client-options.ts";
import { HttpConnections } from "./http-connections.ts";

/** A client with this adapter's time-outs that sends each request once. */
export function createSchedulerClient(options: ClientOptions): SchedulerClient {
  const connections = new HttpConnections(options.clock);
  const client = new SchedulerClient(clientConfiguration(options, connections, schedulerRequestMsMax));
  sendOver(connections, client);
  return client;
}
