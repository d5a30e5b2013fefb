/** The services of one Lambda container: made at its first request, then kept. */
import { createServices } from "../shared/services/create-services.ts";
import type { Services } from "../shared/services/services.ts";
import { awsStorageFromEnvironment } from "../shared/storage/aws/aws-storage.ts";
import { createNodeEnvironment } from "../shared/storage/node/node-environment.ts";

let services: Services | undefined;

function servicesOfContainer(): Services {
  return (services ??= createServices(awsStorageFromEnvironment(process.env, createNodeEnvironment())));
}

/** A Lambda entry that makes its handler when it is first called, so that importing the module needs no environment. */
export function inContainer<Event, Answer, Context>(
  create: (services: Services) => (event: Event, context: Context) => Promise<Answer>,
): (event: Event, context: Context) => Promise<Answer> {
  let handler: ((event: Event, context: Context) => Promise<Answer>) | undefined;
  return async (event, context) => {
    handler ??= create(servicesOfContainer());
    return handler(event, context);
  };
}
