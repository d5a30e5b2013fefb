/** Handshakes of TLS that fail, as those of clients that speak none: one line at once, then one in a while with their number. */
import type { Server } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Log } from "../../functions/http/log.ts";
import { handshakeLineMsMin } from "../../shared/limits/connections.ts";
import type { Clock } from "../../shared/storage/environment.ts";

/** Ends the sockets of failed handshakes of `server`, and tells of them. */
export function tellFailedHandshakes(server: Server, log: Log | undefined, clock: Pick<Clock, "monotonicMs">): void {
  let toldMs = -Infinity;
  let others = 0;
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    const { remoteAddress: address } = socket;
    socket.destroy();
    // One that closes ends those that are under way.
    if (!server.listening) return;
    const nowMs = clock.monotonicMs();
    if (nowMs - toldMs < handshakeLineMsMin) {
      others += 1;
      return;
    }
    log?.("WARN", "a TLS handshake failed", {
      reason: error.code ?? error.name,
      address,
      port: portOf(server),
      others,
    });
    toldMs = nowMs;
    others = 0;
  });
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === "object" ? address?.port : undefined;
}
