/** Two gateways of ours on one store on emulators of AWS, of which one is killed where a server would be restarted. */
import { GatewayProcesses } from "../kafka/gateway-processes.ts";
import type { Server } from "./servers.ts";

const count = 2;

/** Its address is that of both. */
export async function startTwoGateways(): Promise<Server> {
  const gateways = await GatewayProcesses.start(count);
  let next = 0;
  const restart = async (): Promise<void> => {
    const index = next++ % count;
    await gateways.kill(index);
    await gateways.begin(index);
  };
  return { address: gateways.zookeeperAddress, restart, [Symbol.asyncDispose]: () => gateways[Symbol.asyncDispose]() };
}
