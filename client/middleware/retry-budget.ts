/**
 * Bounds what retries add to the load of a service that is in trouble: a bucket of tokens that retries take from and
 * successes fill, with the AWS SDK's numbers (its standard retry mode). There is one for each path, and with that for each
 * partition, znode or group: one that fails for ever leaves the retries of the others alone.
 */
const tokensMax = 500;
const retryTokens = 5;
/** One without an answer has cost the service and us more. */
const noAnswerRetryTokens = 10;
const successTokens = 1;
/** Paths whose buckets are not full that one client remembers; the longest unused is full again. */
const bucketsMax = 1_000;

export class RetryBudget {
  readonly #tokens = new Map<string, number>();

  /** Takes the tokens of one retry; 0 if there are too few, and it must not be made. */
  take(path: string, hadAnswer: boolean): number {
    const cost = hadAnswer ? retryTokens : noAnswerRetryTokens;
    const tokens = this.#tokens.get(path) ?? tokensMax;
    if (tokens < cost) return 0;
    this.#set(path, tokens - cost);
    return cost;
  }

  /** @param taken by the retry that succeeded; 0 if none was needed */
  succeeded(path: string, taken: number): void {
    const tokens = this.#tokens.get(path);
    if (tokens !== undefined) this.#set(path, tokens + Math.max(taken, successTokens));
  }

  #set(path: string, tokens: number): void {
    this.#tokens.delete(path);
    if (tokens >= tokensMax) return;
    this.#tokens.set(path, tokens);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > bucketsMax && oldest !== undefined) this.#tokens.delete(oldest);
  }
}
