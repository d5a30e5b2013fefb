import { ServiceError } from "../shared/api/errors.ts";

/** Host headers that are remembered as good; a client sends one or two. */
const knownHostsMax = 16;

/**
 * Keeps pages in a browser from reaching a server that listens on this machine only: a page may point a name of its own
 * at 127.0.0.1 (DNS rebinding), but it cannot hide that name from the Host header. A server that listens on other
 * addresses may have any name, and takes all.
 */
export class HostCheck {
  readonly #loopbackOnly: boolean;
  readonly #good = new Set<string>();

  constructor(listenHost: string) {
    this.#loopbackOnly = isLoopback(listenHost);
  }

  /** @throws ServiceError INVALID_REQUEST (details: field `host`) */
  check(host: string | undefined): void {
    if (!this.#loopbackOnly || host === undefined || this.#good.has(host)) return;
    if (!isLoopback(host.replace(/:[0-9]+$/, ""))) {
      throw new ServiceError("INVALID_REQUEST", `This server answers to localhost, not to ${host}`, {
        details: { in: "header", field: "host" },
      });
    }
    if (this.#good.size < knownHostsMax) this.#good.add(host);
  }
}

function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "[::1]" ||
    name === "::1" ||
    /^127(\.[0-9]{1,3}){3}$/.test(name)
  );
}
