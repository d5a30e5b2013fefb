import { inScope, RequestScope } from "../../functions/metrics/request-scope.ts";
import type { Metrics } from "../../shared/metrics/metrics.ts";
import type { Clock } from "../../shared/storage/environment.ts";

/** Does `work` and counts it as a request: how long it took without what its client let it wait, and with which errors. */
export async function observed<Result>(
  request: string,
  { metrics, clock }: { readonly metrics?: Metrics | undefined; readonly clock: Clock },
  work: () => Promise<Result> | Result,
): Promise<Result> {
  if (metrics === undefined) return work();
  const scope = new RequestScope();
  const startedAtMs = clock.monotonicMs();
  try {
    return await inScope(scope, async () => work());
  } finally {
    const nowMs = clock.monotonicMs();
    const waitedMs = scope.waitedMs(performance.now());
    metrics.count("RequestsPerSec", 1, { request });
    metrics.observe("LocalTimeMs", Math.max(nowMs - startedAtMs - waitedMs, 0), { request });
    if (waitedMs > 0) metrics.observe("RemoteTimeMs", waitedMs, { request });
    for (const error of scope.errors) metrics.count("ErrorsPerSec", 1, { request, error });
  }
}
