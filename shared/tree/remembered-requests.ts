/** Requests with an idempotency key that a tree has carried out, so that a repeat is answered as the first time. */
import type { Zxid } from "../brand.ts";
import { idempotencyKeysKept, idempotencyResultBytesMax } from "../limits.ts";

export interface RememberedRequest {
  readonly zxid: Zxid;
  readonly fingerprint: number;
  /** By `encodeResults`. */
  readonly results: Uint8Array;
}

/** The latest, bounded in number and bytes; a function of the log, so that every replica forgets the same. */
export class RememberedRequests {
  /** Oldest first. */
  readonly #requests = new Map<string, RememberedRequest>();
  #resultBytes = 0;

  get(key: string): RememberedRequest | undefined {
    return this.#requests.get(key);
  }

  entries(): IterableIterator<[string, RememberedRequest]> {
    return this.#requests.entries();
  }

  add(key: string, request: RememberedRequest): void {
    this.#forget(key);
    this.#requests.set(key, request);
    this.#resultBytes += request.results.length;
    for (const [oldest] of this.#requests) {
      if (this.#requests.size <= idempotencyKeysKept && this.#resultBytes <= idempotencyResultBytesMax) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const known = this.#requests.get(key);
    if (known === undefined) return;
    this.#requests.delete(key);
    this.#resultBytes -= known.results.length;
  }
}
