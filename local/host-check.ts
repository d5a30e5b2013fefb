import type { IncomingHttpHeaders } from "node:http";
import { ServiceError } from "../shared/api/errors.ts";

/** Host headers that are remembered as good; a client sends one or two. */
const knownHostsMax = 16;

/**
 * Keeps pages in a browser from reaching a server that listens on this machine only. A page may point a name of its own
 * at 127.0.0.1 (DNS rebinding), but it cannot hide that name from the Host header; it may send a request without a body
 * to 127.0.0.1 itself, which creates a znode or a session, but it cannot hide where it comes from (RFC 6454 section 7.3).
 * A server that listens on other addresses may have any name, and takes all.
 */
export class HostCheck {
  readonly #loopbackOnly: boolean;
  readonly #good = new Set<string>();

  constructor(listenHost: string) {
    this.#loopbackOnly = isLoopback(listenHost);
  }

  /** @throws ServiceError INVALID_REQUEST (details: field `host` or `origin`) */
  check({ host, origin }: Pick<IncomingHttpHeaders, "host" | "origin">): void {
    if (!this.#loopbackOnly) return;
    if (origin !== undefined && !isLoopback(withoutPort(origin.replace(/^https?:\/\//, "")))) {
      throw refusal("origin", `This server answers to pages of localhost, not of ${origin}`);
    }
    if (host === undefined || this.#good.has(host)) return;
    if (!isLoopback(withoutPort(host))) throw refusal("host", `This server answers to localhost, not to ${host}`);
    if (this.#good.size < knownHostsMax) this.#good.add(host);
  }
}

function refusal(field: string, message: string): ServiceError {
  return new ServiceError("INVALID_REQUEST", message, { details: { in: "header", field } });
}

function withoutPort(host: string): string {
  return host.replace(/:[0-9]+$/, "");
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
