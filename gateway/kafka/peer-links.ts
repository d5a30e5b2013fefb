/**
 * Connections to the other gateways, on which nothing is sent: that one breaks and nobody listens there any more tells that its
 * process is gone, seconds before its session is over. Only where clients are sent to depends on it, so it may be wrong.
 *
 * A gateway that was never reached from here (an address for clients only) is not doubted.
 */
import { connect, type Socket } from "node:net";
import { peerConnectMsMax, peerRetryMs } from "../../shared/limits/gateway-cluster.ts";
import type { Broker } from "./placement.ts";

/** A gateway as it registered itself. */
export interface Peer extends Broker {
  /** Its session: another process under the same node id has another. */
  readonly owner: bigint;
}

interface Link {
  readonly peer: Peer;
  socket: Socket | undefined;
  retry: NodeJS.Timeout | undefined;
  wasReached: boolean;
  isGone: boolean;
  isEnded: boolean;
}

export class PeerLinks {
  readonly #onChange: () => void;
  readonly #links = new Map<number, Link>();

  /** @param onChange told when one goes, or is there again */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Holds connections to these, and to no others. */
  follow(peers: readonly Peer[]): void {
    const wanted = new Map(peers.map((peer) => [peer.nodeId, peer]));
    for (const [nodeId, link] of this.#links) {
      if (isSame(wanted.get(nodeId), link.peer)) continue;
      this.#end(link);
      this.#links.delete(nodeId);
    }
    for (const [nodeId, peer] of wanted) {
      if (this.#links.has(nodeId)) continue;
      const link = {
        peer,
        socket: undefined,
        retry: undefined,
        wasReached: false,
        isGone: false,
        isEnded: false,
      };
      this.#links.set(nodeId, link);
      this.#connect(link);
    }
  }

  /** Whether a gateway's process seems to be gone. */
  isGone(nodeId: number): boolean {
    return this.#links.get(nodeId)?.isGone === true;
  }

  close(): void {
    for (const link of this.#links.values()) this.#end(link);
    this.#links.clear();
  }

  #connect(link: Link): void {
    const socket = connect({ host: link.peer.host, port: link.peer.port });
    link.socket = socket;
    let failure: string | undefined;
    let connectedMs: number | undefined;
    socket.setTimeout(peerConnectMsMax, () => void (connectedMs === undefined && socket.destroy()));
    socket.on("connect", () => {
      connectedMs = performance.now();
      link.wasReached = true;
      this.#tell(link, false);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => (failure = error.code));
    socket.on("close", () => {
      if (link.isEnded) return;
      if (connectedMs === undefined) this.#tell(link, link.wasReached && failure === "ECONNREFUSED");
      // Asked at once, one that has ended a connection because it was idle for long is there.
      const lastedMs = connectedMs === undefined ? 0 : performance.now() - connectedMs;
      link.retry = setTimeout(() => this.#connect(link), lastedMs < peerRetryMs ? peerRetryMs : 0);
      link.retry.unref();
    });
    // Nothing is sent on it, but its end is told only to who reads.
    socket.resume();
    socket.unref();
  }

  #tell(link: Link, isGone: boolean): void {
    if (link.isGone === isGone) return;
    link.isGone = isGone;
    this.#onChange();
  }

  #end(link: Link): void {
    link.isEnded = true;
    clearTimeout(link.retry);
    link.socket?.destroy();
  }
}

function isSame(one: Peer | undefined, other: Peer): boolean {
  return one !== undefined && one.owner === other.owner && one.host === other.host && one.port === other.port;
}
