/** The services of one Lambda container: made at its first request, then kept. */
import type { Metrics } from "../shared/metrics/metrics.ts";
import type { Storage } from "../shared/storage/storage.ts";
import { awsStorageFromEnvironment } from "../shared/storage/aws/aws-storage.ts";
import { createNodeEnvironment } from "../shared/storage/node/node-environment.ts";
import type { InvocationContext } from "./http/event.ts";
import { containerMetricsFrom } from "./metrics/container-metrics.ts";
import { metered } from "./metrics/metered-storage.ts";

/** A Lambda entry that makes its handler when it is first called, so that importing the module needs no environment. */
export function inContainer<Services, Event, Answer, Context extends InvocationContext>(
  createServices: (storage: Storage) => Services,
  create: (services: Services) => (event: Event, context: Context) => Promise<Answer>,
): (event: Event, context: Context) => Promise<Answer> {
  let handler: ((event: Event, context: Context) => Promise<Answer>) | undefined;
  const container = containerMetricsFrom(process.env);
  return async (event, context) => {
    const coldStart = handler === undefined;
    let failed = true;
    try {
      handler ??= create(createServices(openStorage(container?.metrics)));
      const answer = await handler(event, Object.assign(context, { coldStart, metrics: container?.metrics }));
      failed = false;
      return answer;
    } finally {
      container?.flush(failed);
    }
  };
}

function openStorage(metrics: Metrics | undefined): Storage {
  const storage = awsStorageFromEnvironment(process.env, { ...createNodeEnvironment(), metrics });
  return metrics === undefined ? storage : metered(storage, metrics);
}
